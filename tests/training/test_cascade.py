from dataclasses import replace

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.cascade import margins
from classifier.taxonomy import TASKS, TONE
from training.cascade import fit_gate

TEXTS = [
    f"{subject} {verb} {end}"
    for subject in ("El pedido", "La factura", "O pacote", "A fatura")
    for verb in ("llegó rota", "no llegó", "veio errada", "nunca chegou")
    for end in ("y nadie contesta.", "e ninguém responde!", "gracias.", "obrigado.")
]


def everywhere(agreement: float) -> dict[str, float]:
    return {task.id: agreement for task in TASKS}


class Shaken:
    """The toy network's engine, its logits moved by as much as ``by`` at random, the same for the same text."""

    def __init__(self, classifier: ComplaintClassifier, by: float) -> None:
        self.engine, self.by = classifier.engine, by

    def logits(self, batch):
        out = self.engine.logits(batch)
        chance = np.random.default_rng(int(batch.input_ids.sum()))
        return out + chance.normal(scale=self.by, size=out.shape).astype(np.float32)


def test_the_same_network_may_always_answer(tiny: ComplaintClassifier) -> None:
    gate = fit_gate(tiny, tiny, TEXTS, everywhere(0.9))
    assert gate.of == tiny.model
    assert gate.sure(tiny.artifact.calibration, tiny.calibrated(TEXTS)).all()


def test_the_more_agreement_is_asked_the_less_is_let_through(tiny: ComplaintClassifier) -> None:
    small = replace(tiny, engine=Shaken(tiny, 0.3))
    shares = []
    for agreement in (0.6, 0.8, 0.95):
        gate = fit_gate(tiny, small, TEXTS, everywhere(agreement))
        shares.append(gate.sure(small.artifact.calibration, small.calibrated(TEXTS)).mean())
    assert shares[0] >= shares[1] >= shares[2]
    assert shares[0] > shares[2]


def test_a_network_that_guesses_never_answers(tiny: ComplaintClassifier) -> None:
    small = replace(tiny, engine=Shaken(tiny, 50.0))
    gate = fit_gate(tiny, small, TEXTS, everywhere(0.97))
    assert not gate.sure(small.artifact.calibration, small.calibrated(TEXTS)).any()
    assert set(gate.least) == {task.id for task in TASKS}


@pytest.mark.parametrize("agreement", [0.7, 0.9])
def test_what_is_let_through_agrees_as_often_as_asked(tiny: ComplaintClassifier, agreement: float) -> None:
    small = replace(tiny, engine=Shaken(tiny, 0.3))
    gate = fit_gate(tiny, small, TEXTS, everywhere(agreement))
    wanted, found = tiny.calibrated(TEXTS)["tone"], small.calibrated(TEXTS)["tone"]
    calibration = tiny.artifact.calibration["tone"]
    chosen = margins(TONE, calibration, found) >= gate.least["tone"]
    pairs = [
        calibration.decide(TONE, one).label == calibration.decide(TONE, other).label
        for one, other, take in zip(wanted, found, chosen, strict=True)
        if take
    ]
    assert not pairs or np.mean(pairs) >= agreement


def test_a_task_that_is_not_named_holds_nothing_back(tiny: ComplaintClassifier) -> None:
    small = replace(tiny, engine=Shaken(tiny, 50.0))
    gate = fit_gate(tiny, small, TEXTS, {})
    assert gate.least == {}
    assert gate.sure(small.artifact.calibration, small.calibrated(TEXTS)).all()
