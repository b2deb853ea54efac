"""A classifier whose network is a rule over the text it reads, so that what the suite must find is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.calibration import Calibration, columns
from classifier.engine import Logits
from classifier.taxonomy import TASKS
from classifier.tokenization import Batch, TokenEncoder
from training.corpus import Example

Rule = Callable[[str], Mapping[str, list[float]]]
"""From a text to the logits of some tasks; those of the others are 0."""


@dataclass(frozen=True)
class RuleEngine:
    encoder: TokenEncoder
    rule: Rule

    def logits(self, batch: Batch) -> Logits:
        where = columns()
        out = np.zeros((len(batch.input_ids), sum(task.width for task in TASKS)), dtype=np.float32)
        for row, ids in enumerate(batch.input_ids):
            for task, values in self.rule(self.encoder.tokenizer.decode(ids.tolist())).items():
                out[row, where[task]] = values
        return out


@pytest.fixture
def ruled(shipped: ComplaintClassifier) -> Callable[[Rule], ComplaintClassifier]:
    artifact = replace(shipped.artifact, calibration=Calibration.neutral())

    def build(rule: Rule) -> ComplaintClassifier:
        engine = RuleEngine(shipped.encoder, rule)
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
