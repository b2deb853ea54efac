import numpy as np
import pytest

from classifier.calibration import columns
from classifier.ngrams import NgramModel, ngrams
from classifier.taxonomy import TASKS
from training.calibration import held_out_loss
from training.config import NgramSection
from training.corpus import Example
from training.ngrams import fit_ngrams, mixed

ANGRY = {"complaint": True, "motive": ["venting"], "severity": "low", "tone": "angry", "touchpoint": "use"}
FIRM = {"complaint": True, "motive": ["restitution"], "severity": "high", "tone": "calm", "touchpoint": "billing"}
FINE = {"complaint": False, "tone": "calm", "touchpoint": "use"}
SEVERITY = next(task for task in TASKS if task.id == "severity")
SAID = [("una vergüenza total", ANGRY), ("exijo el reembolso del cobro", FIRM), ("todo perfecto, gracias", FINE)]


def examples(count: int) -> list[Example]:
    return [
        Example(str(i), f"{said} {'hoy' if i % 2 else 'ayer'} caso {i}", "es", "test", str(i), labels)
        for i in range(count)
        for said, labels in [SAID[i % len(SAID)]]
    ]


@pytest.fixture(scope="module")
def wide() -> NgramModel:
    return fit_ngrams(examples(90), NgramSection())


def test_it_learns_which_words_go_with_which_label(wide: NgramModel) -> None:
    where = columns()
    angry, firm, fine = wide.logits(["QUE VERGUENZA", "quiero el reembolso", "gracias, perfecto"])
    assert min(angry[where["complaint"]][0], firm[where["complaint"]][0]) > fine[where["complaint"]][0]
    assert firm[where["motive"]].argmax() == 0
    assert angry[where["motive"]].argmax() == 1
    assert firm[where["severity"]].argmax() == 2
    assert angry[where["severity"]].argmax() == 0


def test_a_label_that_no_message_has_is_unlikely(wide: NgramModel) -> None:
    logits = wide.logits(["exijo el reembolso"])[0]
    assert logits[columns()["severity"]][3] < logits[columns()["severity"]][:3].max()
    assert (logits[columns()["justice"]] < 0).all()


def test_an_ngram_of_one_message_counts_only_if_asked_to() -> None:
    rare = [*examples(60), Example("x", "zanahoria", "es", "test", "x", FIRM)]
    (buckets, _) = ngrams("zanahoria")
    assert fit_ngrams(rare, NgramSection()).rarity[buckets[0]] == 0
    assert fit_ngrams(rare, NgramSection(min_documents=1)).rarity[buckets[0]] > 0


def test_the_wide_half_counts_as_much_as_it_helps(wide: NgramModel) -> None:
    held = [e for e in examples(300)[90:] if e.labels["complaint"]]
    logits = wide.logits([e.text for e in held])
    chance = np.random.default_rng(1)
    blind = chance.normal(0, 1, logits.shape).astype(np.float32)
    helped = mixed(wide, blind, logits, held)
    place = columns()["severity"]
    assert (helped.scale[place] >= 0.5 * wide.scale[place]).all()
    assert held_out_loss(
        SEVERITY, blind[:, place] + helped.logits([e.text for e in held])[:, place], held
    ) < held_out_loss(SEVERITY, blind[:, place], held)
    noise = chance.normal(0, 3, logits.shape).astype(np.float32)
    harmless = mixed(wide, 3 * logits, noise, held)
    assert harmless.scale[place].max() <= 0.1 * wide.scale[place].max() + 1e-9
