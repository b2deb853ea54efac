"""The small network beside a model that is released: whether it may answer for it, or goes with the one before."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from classifier.artifact import FILES, Artifact, write_checksums
from classifier.cascade import Gate
from classifier.errors import InputError
from classifier.inference import ComplaintClassifier
from training.cascade import fit_gate
from training.config import read_config
from training.model_directory import in_place_of
from training.pipeline import Places, read_corpora

__all__ = ["SmallNetwork", "keep_small_network", "refit_small_network"]


@dataclass(frozen=True, slots=True)
class SmallNetwork:
    """When the small network of the model before may answer for the new one: ``gate``, ``None`` if never.

    ``answered`` is the share that it answers of the ``messages`` that neither network was trained on.
    """

    gate: Gate | None
    answered: float
    messages: int


def refit_small_network(whole: ComplaintClassifier, small: Path, places: Places) -> SmallNetwork:
    """Ask the network in ``small`` when it decides as ``whole`` does, which is to take its teacher's place.

    The corpora of both are looked for in ``places``; where they can't be read, it may never answer. Nothing is written.
    """
    texts = sorted(_held_out(whole.artifact, places) & _held_out(Artifact.load(small), places))
    if not texts:
        return SmallNetwork(None, 0.0, 0)
    network = ComplaintClassifier.from_pretrained(small)
    gate = fit_gate(whole, network, texts, Gate.load(small).agreement)
    answered = float(gate.sure(network.artifact.calibration, network.calibrated(texts)).mean())
    return SmallNetwork(gate if answered else None, answered, len(texts))


def keep_small_network(small: Path, gate: Gate | None) -> None:
    """Give the small network in ``small`` its gate to the model that is now beside it; without one, remove it."""
    if gate is None:
        with tempfile.TemporaryDirectory(dir=small.parent, prefix=f".{small.name}-") as folder:
            small.rename(Path(folder) / small.name)
        return
    with in_place_of(small) as fresh:
        shutil.copytree(small, fresh)
        gate.save(fresh)
        write_checksums(fresh)


def _held_out(artifact: Artifact, places: Places) -> set[str]:
    """Return the texts that a model's configuration holds out, as far as its corpora are there."""
    try:
        return {example.text for example in read_corpora(read_config(artifact.path / FILES.training), places)[1]}
    except InputError:
        return set()
