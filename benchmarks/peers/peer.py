"""What a peer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.config import TrainingConfig
from training.corpus import Example

Logits = npt.NDArray[np.float32]

Progress = Callable[[float], None]
"""Told which share of the training is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model that the peers are measured against was trained; ``folder`` is where its paths begin."""

    config: TrainingConfig
    folder: Path


class Peer(Protocol):
    """Another way to classify. ``title`` heads its column, ``method`` is a line below the table."""

    title: str
    method: str

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Train on ``examples``, none of which it is measured on."""

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return (len(examples), sum of the tasks' widths), in the order of ``classifier.taxonomy.TASKS``."""
