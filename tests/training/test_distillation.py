import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from classifier import ComplaintClassifier
from classifier.artifact import FILES
from classifier.cascade import Effort, small_network
from classifier.errors import InputError
from classifier.taxonomy import TASKS
from tests.conftest import CORPORA, TINY
from training.config import DistillationSection, LossSection
from training.corpus import Example
from training.distillation import DistillationLoss, excerpts, taught
from training.losses import MultiTaskLoss
from training.pipeline import Places, run

WIDTH = sum(task.width for task in TASKS)
SPANISH = "El pedido llegó roto. Llamé tres veces. Nadie me contesta. Quiero mi dinero."
PORTUGUESE = "O pacote não veio. Liguei ontem. Quero uma solução."


def example(text: str, language: str = "es", **labels: object) -> Example:
    return Example(text, text, language, "test", text, labels or {"complaint": True, "tone": "upset"})


BOTH = [example(SPANISH), example(PORTUGUESE, "pt")]


def test_an_excerpt_is_made_of_sentences_of_its_language_and_has_no_labels() -> None:
    examples = [example(SPANISH), example("Todo mal. Muy tarde."), example(PORTUGUESE, "pt")]
    found = excerpts(examples, 40, random.Random(1))
    spanish = {s.strip() + "." for e in examples[:2] for s in e.text.split(".") if s.strip()}
    portuguese = {s.strip() + "." for s in PORTUGUESE.split(".") if s.strip()}
    assert len(found) == 120
    assert len({e.id for e in found}) == 120
    for excerpt in found:
        parts = {s.strip() + "." for s in excerpt.text.split(".") if s.strip()}
        assert parts <= (spanish if excerpt.language == "es" else portuguese)
        assert excerpt.labels == {}
    assert any("Todo mal." in e.text and "Quiero mi dinero." in e.text for e in found), "no stranger came in"


def test_a_text_of_one_sentence_gives_no_excerpt() -> None:
    assert excerpts([example("No llegó nada.")], 5, random.Random(1)) == []


def test_every_text_has_the_answer_of_the_teacher(tiny_model: Path, tiny: ComplaintClassifier, tmp_path: Path) -> None:
    kept = tmp_path / "model.npz"
    found = taught(BOTH, tiny_model, DistillationSection(), seed=1, kept=kept)
    assert len(found) > 2
    for item in found:
        assert item.teacher == pytest.approx(tiny.logits([item.text])[0].tolist(), abs=1e-4)


def test_an_interrupted_run_asks_only_what_was_not_answered(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, section, asked = tmp_path / "model.npz", DistillationSection(excerpts=0), []
    taught(BOTH[:1], tiny_model, section, seed=1, kept=kept)
    logits = ComplaintClassifier.logits
    monkeypatch.setattr(ComplaintClassifier, "logits", lambda self, texts: asked.extend(texts) or logits(self, texts))
    again = taught(BOTH, tiny_model, section, seed=1, kept=kept)
    assert asked == [PORTUGUESE]
    kept.write_bytes(kept.read_bytes()[:100])  # killed while writing, on a disk that lies
    assert taught(BOTH, tiny_model, section, seed=1, kept=kept) == again


def test_the_loss_is_least_where_the_teacher_stands() -> None:
    teacher = tuple(float(value) for value in torch.linspace(-2, 2, WIDTH))
    batch = [replace(example(SPANISH), labels={}, teacher=teacher)]
    loss_of = DistillationLoss(MultiTaskLoss(LossSection(), [example(SPANISH)]), DistillationSection(weight=1.0))
    logits = torch.tensor([teacher], requires_grad=True)
    loss_of(logits, batch).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-5
    other = torch.zeros(1, WIDTH)
    assert float(loss_of(other, batch)) > float(loss_of(torch.tensor([teacher]), batch))


def test_labels_count_what_the_teacher_does_not() -> None:
    batch = [replace(example(SPANISH), teacher=(0.0,) * WIDTH)]
    hard = MultiTaskLoss(LossSection(), batch)
    logits = torch.linspace(-1, 1, WIDTH).reshape(1, -1)
    whole, half = (float(DistillationLoss(hard, DistillationSection(weight=w))(logits, batch)) for w in (1.0, 0.5))
    assert half == pytest.approx(0.5 * whole + 0.5 * float(hard(logits, batch)), rel=1e-5)


@pytest.mark.training
def test_a_small_network_learns_from_a_model_and_answers_for_it(tiny_model: Path, tmp_path: Path) -> None:
    both = tmp_path / "model"
    shutil.copytree(tiny_model, both)
    config = TINY.model_copy(
        update={
            "run": TINY.run.model_copy(update={"name": "tiny-fast"}),
            "encoder": TINY.encoder.model_copy(update={"source": str(both), "layers": 1}),
            "distillation": DistillationSection(teacher=str(both), excerpts=0.2, agreement={"complaint": 0.6}),
        }
    )
    run(config, Places(CORPORA, None, small_network(both)))
    classifier = ComplaintClassifier.from_pretrained(both)
    assert classifier.cascade is not None
    assert classifier.cascade.gate.of == classifier.model
    assert len(classifier.predict([SPANISH, PORTUGUESE], effort=Effort.FAST)) == 2
    assert not list(both.glob(".*.npz"))
    size = (small_network(both) / "model.bin").stat().st_size
    assert size < (tiny_model / "model.bin").stat().st_size


@pytest.mark.training
def test_a_network_that_takes_the_place_of_its_teacher_answers_for_nobody(tiny_model: Path, tmp_path: Path) -> None:
    config = TINY.model_copy(
        update={
            "encoder": TINY.encoder.model_copy(update={"source": str(tiny_model)}),
            "optimizer": TINY.optimizer.model_copy(update={"epochs": 1}),
            "distillation": DistillationSection(teacher=str(tiny_model), excerpts=0.0, agreement={}),
        }
    )
    artifact = run(config, Places(CORPORA, None, tmp_path / "model"))
    assert not (artifact.path / FILES.gate).exists()


def test_a_teacher_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = TINY.model_copy(update={"distillation": DistillationSection(teacher="nowhere")})
    with pytest.raises(InputError, match=r"distillation\.teacher: no model directory nowhere"):
        run(config, Places(CORPORA, None, tmp_path / "model"))
