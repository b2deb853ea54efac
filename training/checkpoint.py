"""A run that was killed goes on where it stopped.

A checkpoint holds everything that the next step depends on: weights, optimiser, schedule, random state, the step, and
a fingerprint of the run. It is written beside the model's folder, in one move, and goes when the run is complete.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

from training.config import TrainingConfig, to_toml
from training.corpus import Example

_SUFFIX: Final = ".checkpoint.pt"


def fingerprint(config: TrainingConfig, examples: Sequence[Example]) -> str:
    """Name a run by its settings and the messages that it trains on: another of either is another run."""
    digest = hashlib.sha256(to_toml(config).encode())
    for example in examples:
        digest.update(
            f"{example.id}\0{example.text}\0{sorted(example.labels.items())}\0".encode("utf-8", "surrogatepass")
        )
    return digest.hexdigest()


@dataclass(slots=True)
class Checkpoints:
    """Writes a run's state every ``seconds`` and reads it back; ``run`` is the run's fingerprint."""

    path: Path
    run: str
    seconds: float
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    def beside(cls, output: Path, run: str, *, minutes: float) -> Checkpoints:
        """Keep the checkpoint of the model that will be at ``output``."""
        return cls(output.with_name(f".{output.name}{_SUFFIX}"), run, minutes * 60)

    def due(self) -> bool:
        """Say whether it is time to write."""
        return time.monotonic() - self._written >= self.seconds

    def write(self, state: dict[str, Any]) -> None:
        """Put ``state`` in the place of the one before, in one move."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".part")
        with partial.open("wb") as file:
            torch.save({"run": self.run} | state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)
        self._written = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """Return the state of this run; ``None`` if there is none, or it is another run's or not readable."""
        try:
            state: dict[str, Any] = torch.load(self.path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, ValueError, EOFError):
            return None
        return state if state.get("run") == self.run else None

    def remove(self) -> None:
        """Forget the state: the run is complete."""
        self.path.unlink(missing_ok=True)
