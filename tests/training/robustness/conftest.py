"""A classifier whose network is a rule over the text it reads, so that what the suite must find is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.calibration import Calibration, columns
from classifier.engine import Logits
from classifier.taxonomy import TASKS
from tests.engines import RuleEngine
from training.corpus import Example

Rule = Callable[[str], Mapping[str, list[float]]]
"""From a text to the logits of some tasks; those of the others are 0."""


def answer_by(rule: Rule) -> Callable[[str], Logits]:
    """Return the function from a text to the logits of all tasks."""
    where = columns()

    def answer(text: str) -> Logits:
        out = np.zeros(sum(task.width for task in TASKS), dtype=np.float32)
        for task, values in rule(text).items():
            out[where[task]] = values
        return out

    return answer


@pytest.fixture
def ruled(shipped: ComplaintClassifier, monkeypatch: pytest.MonkeyPatch) -> Callable[[Rule], ComplaintClassifier]:
    """Build classifiers that see all of a text, names and orders too: the suite must find out what leans on them."""
    monkeypatch.setattr("classifier.inference.neutral", lambda text, _scored=None: text)
    artifact = replace(shipped.artifact, calibration=Calibration.neutral())

    def build(rule: Rule) -> ComplaintClassifier:
        engine = RuleEngine(shipped.encoder, answer_by(rule))
        return ComplaintClassifier(artifact, shipped.encoder, engine)  # type: ignore[arg-type]

    return build


@pytest.fixture
def examples() -> list[Example]:
    texts = {
        "es": "Soy Laura, de Sevilla. El pedido de Correos llegó roto y pagué 40 euros. Quiero que me los devolváis.",
        "pt": "Sou o Tiago, de Braga. O telemóvel da Worten veio partido; paguei 40 euros. Estou a perder a calma.",
    }
    labels = {"complaint": True, "motive": ["restitution"], "severity": "moderate", "justice": ["outcome"]}
    return [Example(lang, text, lang, "test", lang, labels) for lang, text in texts.items()]
