"""The claims of the lecture notes, each as an experiment; a module for each of their themes."""

import importlib

#: In the order of the page.
THEMES = (
    "likelihood",
    "divergence",
    "discriminator",
    "generator",
    "wasserstein",
    "dynamics",
    "estimation",
    "classification",
)
for theme in THEMES:
    importlib.import_module(f"{__name__}.{theme}")
