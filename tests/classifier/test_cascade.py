import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.artifact import FILES, write_checksums, write_json
from classifier.calibration import Calibration
from classifier.cascade import Cascade, Effort, Gate, margins, small_network
from classifier.errors import ChecksumError, IncompatibleModelError
from classifier.taxonomy import COMPLAINT, MOTIVE, QUALITY, SEVERITY, TASKS
from classifier.types import ModelInfo

TEXTS = ["El pedido llegó roto y nadie me contesta.", "Comprei há um mês e não recebi nada.", "Gracias por todo."]
OF = ModelInfo("tiny", "0.0.1", "1")


def gate(least: float, **other: float) -> Gate:
    return Gate(OF, {"complaint": 0.98}, {task.id: other.get(task.id, least) for task in TASKS})


def named(folder: Path, name: str) -> None:
    config = json.loads((folder / FILES.config).read_text(encoding="utf-8"))
    write_json(folder / FILES.config, config | {"name": name})
    write_checksums(folder)


@pytest.fixture
def both(tiny_model: Path, tmp_path: Path) -> Path:
    """Return a model with a small network that is the same one under another name."""
    path = tmp_path / "model"
    shutil.copytree(tiny_model, path)
    shutil.copytree(tiny_model, small_network(path))
    named(small_network(path), "tiny-fast")
    return path


def with_gate(path: Path, chosen: Gate) -> ComplaintClassifier:
    chosen.save(small_network(path))
    write_checksums(small_network(path))
    return ComplaintClassifier.from_pretrained(path)


def answered(classifier: ComplaintClassifier, effort: Effort) -> list[str]:
    return [result.model.name for result in classifier.predict(TEXTS, effort=effort)]


def test_the_small_network_answers_where_it_is_sure_and_says_so(both: Path) -> None:
    assert answered(with_gate(both, gate(0.0)), Effort.FAST) == ["tiny-fast"] * 3
    assert answered(with_gate(both, gate(2.0)), Effort.FAST) == ["tiny"] * 3


def test_without_haste_the_whole_network_answers(both: Path, tiny_model: Path) -> None:
    assert answered(with_gate(both, gate(0.0)), Effort.FULL) == ["tiny"] * 3
    assert answered(ComplaintClassifier.from_pretrained(tiny_model), Effort.FAST) == ["tiny"] * 3


def test_only_what_the_small_network_is_unsure_of_goes_on(both: Path) -> None:
    classifier = with_gate(both, gate(0.0))
    probability = classifier.calibrated(TEXTS)["complaint"][:, 0]
    far = abs(probability - classifier.artifact.calibration["complaint"].thresholds[0])
    classifier = with_gate(both, gate(0.0, complaint=float(np.median(far))))
    names = answered(classifier, Effort.FAST)
    assert names == ["tiny-fast" if distance >= np.median(far) else "tiny" for distance in far]
    assert len(set(names)) == 2


def test_both_say_the_same_where_they_are_the_same(both: Path) -> None:
    classifier = with_gate(both, gate(0.0))
    fast, full = (classifier.predict(TEXTS, effort=effort) for effort in Effort)
    assert [replace(result, model=OF) for result in fast] == full


def test_in_haste_the_small_network_tells_the_evidence(both: Path) -> None:
    text = "El pedido llegó roto. Nadie me contesta. Quiero mi dinero de vuelta. Es una vergüenza."
    for least in (0.0, 2.0):  # it answers itself; it tells of what the whole one answered
        classifier = with_gate(both, gate(least))
        (fast,), (full,) = (classifier.predict(text, evidence=True, effort=effort) for effort in Effort)
        assert fast.evidence == full.evidence


def test_a_small_network_of_another_model_is_refused(both: Path) -> None:
    with pytest.raises(IncompatibleModelError, match=r"learned from other 0\.0\.1, not from tiny 0\.0\.1"):
        with_gate(both, replace(gate(0.0), of=replace(OF, name="other")))


def test_a_damaged_small_network_is_told_before_it_is_needed(both: Path) -> None:
    with_gate(both, gate(0.0))
    weights = small_network(both) / FILES.weights
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ChecksumError, match="damaged or changed"):
        ComplaintClassifier.from_pretrained(both)


def test_a_gate_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = gate(0.25, tone=0.5)
    written.save(tmp_path)
    assert Gate.load(tmp_path) == written


def test_what_only_complaints_have_holds_up_no_other_message() -> None:
    calibration = Calibration.neutral()
    rows = {task.id: np.full((2, task.width), 1 / max(2, task.width)) for task in TASKS}
    for task in TASKS:
        if not task.complaints_only:
            rows[task.id] = np.eye(task.width)[[0, 0]] if task.width > 1 else np.array([[0.01], [0.99]])
    assert gate(0.2).sure(calibration, rows).tolist() == [True, False]


@pytest.mark.parametrize(
    ("task", "row", "margin"),
    [
        (COMPLAINT, [0.9], 0.4),
        (COMPLAINT, [0.45], 0.05),
        (MOTIVE, [0.9, 0.1, 0.4, 0.0], 0.1),
        (SEVERITY, [0.0, 1.0, 0.0, 0.0], 0.5),
        (SEVERITY, [0.0, 0.6, 0.4, 0.0], 0.1),
        (QUALITY, [0.5, 0.3, 0.2, 0.0, 0.0], 0.2),
    ],
)
def test_a_margin_is_the_way_to_another_decision(task, row: list[float], margin: float) -> None:
    calibration = Calibration.neutral()[task.id]
    assert margins(task, calibration, np.array([row])) == pytest.approx([margin])


def test_a_cascade_needs_both(tiny: ComplaintClassifier) -> None:
    Cascade(tiny.artifact.path, gate(0.1), ComplaintClassifier.from_pretrained).check(tiny.model)
