"""Would more labels help: scores of models trained on an eighth, a quarter, a half and all of the messages.

The curve is that of TF-IDF with logistic regressions, which trains in minutes; beside it stands the shipped model,
trained on all of them. A larger part holds the smaller ones, and what is held out stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.leads import compare
from benchmarks.peers.linear import Linear
from benchmarks.quality import Watch, decide, readable_sets
from benchmarks.texts import ROOT
from classifier import ComplaintClassifier
from classifier.artifact import FILES
from training.calibration import fit_calibration
from training.comparison import Interval
from training.config import read_config
from training.corpus import sample
from training.pipeline import Places, read_corpora

__all__ = ["PARTS", "Point", "measure"]

PARTS: Final = (0.125, 0.25, 0.5, 1.0)
_SEED: Final = 1
OURS: Final = "recupera"


@dataclass(frozen=True, slots=True)
class Point:
    """What one contestant scored on one set: ``messages`` it was trained on, figures with 95 % intervals."""

    contestant: str
    messages: int
    held_out: str
    figures: dict[str, Interval]


def measure(data: Path, watch: Watch) -> Iterator[Point]:
    """Yield the points of the curve, the smallest part first, then the shipped model's."""
    shipped = ComplaintClassifier.from_pretrained()
    config, folder = read_config(shipped.artifact.path / FILES.training), ROOT / "training" / "configs"
    training, validation = read_corpora(config, Places(folder, data, folder))
    sets = readable_sets(data)
    gold = {name: [example.labels for example in examples] for name, examples in sets.items()}
    for part in PARTS:
        seen = sample(training, part, _SEED)
        peer = Linear()
        with watch(f"{len(seen)} messages") as progress:
            peer.fit(seen, progress)
        calibration = fit_calibration(peer.logits(validation), validation, config.decisions)
        for name, examples in sets.items():
            found = decide(peer.logits(examples), examples, calibration, peer.title)
            scores = compare(gold[name], found, {}).scores
            yield Point(peer.title, len(seen), name, {figure: row[OURS] for figure, row in scores.items()})
    for name, examples in sets.items():
        texts, languages = [e.text for e in examples], [e.language for e in examples]
        scores = compare(gold[name], shipped.predict(texts, languages=languages, facts=False), {}).scores
        yield Point(OURS, len(training), name, {figure: row[OURS] for figure, row in scores.items()})
