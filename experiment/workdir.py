"""The run directory: what a run leaves behind, and what it resumes from."""

import json
import platform
import re
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import configs
from experiment.settings import Settings, differences
from support.errors import UserError
from support.files import atomic, expanded, hold, refuse_pattern


class Workdir:
    """`config.json`, `checkpoints/`, `tensorboard/`, `samples/`, `metrics.jsonl`, `saved_model/`.

    Raises:
        UserError: The path is a pattern.
    """

    def __init__(self, path: str | Path):
        self.path = expanded(path)
        refuse_pattern(self.path)
        self.config = self.path / "config.json"
        self.checkpoints = self.path / "checkpoints"
        self.samples = self.path / "samples"
        self.saved_model = self.path / "saved_model"

    @classmethod
    def default(cls, settings: Settings, config: str | None) -> "Workdir":
        """runs/<configuration, or what is trained on what>, the same for the same command."""
        chosen = {name: getattr(settings, name) for name in ("model", "loss", "dataset")}
        name = "-".join(chosen.values())
        if config and chosen.items() <= configs.get(config).settings.items():
            name = config
        return cls(Path("runs") / re.sub(r"[^\w.-]+", "_", name)[-100:])

    def adopt(self, settings: Settings) -> None:
        """Makes the directory this process's own: a new one, or one that holds the same run.

        Raises:
            UserError: It holds a run with other settings or a damaged one, another process trains in it, it
                is no directory, or it cannot be written.
        """
        try:
            self._lock()
            # Not before: another process may be writing it.
            old = self._held(settings)
            new = settings.to_json() | {"versions": versions()}
            new["steps"] = max(new["steps"], self.settings().steps if old else 0)
            with atomic(self.config) as temporary:
                temporary.write_text(json.dumps(new, indent=2) + "\n")
        except OSError as error:
            raise UserError(f"--workdir={self.path} cannot be written: {error.strerror}") from None
        if old and old.get("versions") != new["versions"]:
            print(
                f"{self.path} was trained with other versions ({old.get('versions')}): it goes on, but "
                "not bit for bit",
                file=sys.stderr,
            )

    def _held(self, settings: Settings) -> dict:
        """What the directory's run was begun with, nothing of a new one. Refuses a run of other settings."""
        old = self._read() if self.config.exists() else {}
        left = {
            "checkpoints": self.checkpoints.glob("ckpt-*.index"),
            "samples": self.samples.glob("step-*.png"),
            "SavedModels": self.saved_model.glob("*/saved_model.pb"),
        }
        for what, files in left.items():
            if not old and any(files):
                raise UserError(
                    f"{self.path} holds {what} but no config.json that says of what: choose another --workdir"
                )
        if old and (differing := differences(old, settings)):
            raise UserError(
                f"{self.path} holds a run with other settings: {'; '.join(differing)}: "
                "choose another --workdir"
            )
        return old

    def _lock(self) -> None:
        """Keeps other processes out for as long as this one lives, however it ends."""
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._lock_file = hold(self.path / ".lock")
        except BlockingIOError:
            raise UserError(
                f"another process is training in {self.path}: wait for it, or choose another --workdir"
            ) from None

    def settings(self) -> Settings:
        """The settings of the run in this directory.

        Raises:
            UserError: There is none, or its `config.json` is damaged.
        """
        if not self.config.exists():
            raise UserError(f"--workdir={self.path} holds no run (no config.json): train one first")
        try:
            return Settings.from_json(self._read())
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{self.config} is not what train.py wrote ({error})") from None

    def _read(self) -> dict:
        try:
            values = json.loads(self.config.read_text())
            if not isinstance(values, dict):
                raise ValueError("not an object")
            return values
        except (OSError, ValueError) as error:
            raise UserError(f"{self.config} cannot be read ({error})") from None


def versions() -> dict[str, str]:
    """The versions that the numbers of a run depend on."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
