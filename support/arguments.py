"""Command lines of the modules that are run with `python -m`."""

import argparse


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(2, f"error: {message}\n")
