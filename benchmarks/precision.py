"""Task scores of each arithmetic on the written held-out messages: what decides which one is taken."""

from __future__ import annotations

from benchmarks.texts import CORPORA
from classifier import ComplaintClassifier
from classifier.engine import Precision
from training.corpus import read_messages
from training.evaluation import Scores
from training.pipeline import measure as score_classifier


def measure() -> dict[str, Scores]:
    """Score the shipped model in each arithmetic."""
    examples = read_messages(CORPORA / "validation.jsonl")
    return {
        precision.value: score_classifier(ComplaintClassifier.from_pretrained(precision=precision), examples)["all"]
        for precision in (Precision.F32, Precision.BF16, Precision.INT8)
    }
