import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from classifier import ComplaintClassifier
from classifier.artifact import FILES, Artifact, write_checksums, write_json
from classifier.cascade import Gate, small_network
from classifier.cli import app
from classifier.errors import InputError
from tests.conftest import CORPORA, TINY
from training.corpus import read_messages, text_hash
from training.evaluation import calibration_error
from training.leakage import Kind, Pair
from training.pipeline import Places
from training.release import (
    Leaks,
    Limits,
    Report,
    SmallNetwork,
    as_version,
    calibration_checks,
    calibration_noise,
    find_leaks,
    judge,
    keep_small_network,
    put_in_place,
    refit_small_network,
    without,
)

HERE = ("--data", CORPORA, "--configs", CORPORA)
PLACES, NOWHERE = Places(CORPORA, CORPORA, CORPORA), Places(Path("nowhere"), None, Path())
ANY_CALIBRATION = ("--calibration-limit", "1")

Change = Callable[[dict[str, Any]], object]


def release(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["release", *map(str, arguments)], prog_name="recupera")


def content(path: Path) -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def changed(model: Path, target: Path, name: str, change: Change) -> Path:
    """Copy a model and change one of its JSON files, with checksums that fit."""
    shutil.copytree(model, target)
    data = json.loads((target / name).read_text(encoding="utf-8"))
    change(data)
    write_json(target / name, data)
    write_checksums(target)
    return target


def with_small_network(model: Path, target: Path, *, agreement: float) -> Path:
    """Copy a model, and once more as the small network beside it, which answers nothing yet."""
    for copy in (target, small_network(target)):
        shutil.copytree(model, copy)
    Gate(Artifact.load(target).info, {"complaint": agreement}, {"complaint": 9.0}).save(small_network(target))
    return target


@pytest.fixture
def candidate(tiny_model: Path, tmp_path: Path) -> Path:
    return changed(tiny_model, tmp_path / "candidate", FILES.config, lambda c: c.update(version="0.0.2"))


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return sixty labelled messages that the toy model was not trained on, and another has nothing to do with."""
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    path = tmp_path_factory.mktemp("messages") / "sixty.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def never_a_complaint(calibration: dict[str, Any]) -> None:
    calibration["complaint"]["thresholds"] = [2.0]


def overconfident(calibration: dict[str, Any]) -> None:
    for item in calibration.values():
        item["scale"] = [50.0 * value for value in item["scale"]]


def test_a_candidate_that_is_as_good_takes_the_place(
    candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = with_small_network(tiny_model, tmp_path / "released", agreement=0.9)
    asked: list[str] = []

    def ask(whole: ComplaintClassifier, small: Path, places: Places) -> SmallNetwork:
        asked.append(Artifact.load(target).info.version)
        return refit_small_network(whole, small, places)

    monkeypatch.setattr("training.release.refit_small_network", ask)
    result = release(candidate, "--on", messages, "--replace", target, *HERE, *ANY_CALIBRATION)
    assert result.exit_code == 0, result.stderr
    assert asked == ["0.0.1"], "the model before answers until the small network has been asked"
    assert "its small network stays, and answers 100% of" in result.stderr
    cascade = ComplaintClassifier.from_pretrained(target).cascade
    assert cascade is not None
    assert cascade.gate.of.version == "0.0.2"
    assert cascade.gate.agreement == {"complaint": 0.9}
    assert Artifact.load(small_network(target)).info.version == "0.0.1"
    assert "within noise" in result.stdout
    assert "tiny 0.0.2 beside tiny 0.0.1" in result.stdout
    assert "released as tiny 0.0.2" in result.stderr
    released = Artifact.load(target)
    assert released.info.version == "0.0.2"
    assert (target / FILES.weights).read_bytes() == (candidate / FILES.weights).read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["candidate", "released", "released-fast"]


@pytest.mark.parametrize(("agreement", "places"), [(0.9, NOWHERE), (1.0, PLACES)])
def test_a_small_network_that_may_answer_nothing_goes(
    agreement: float, places: Places, tiny_model: Path, tmp_path: Path
) -> None:
    model = with_small_network(tiny_model, tmp_path / "released", agreement=agreement)
    small = small_network(model)
    found = refit_small_network(ComplaintClassifier.from_pretrained(tiny_model), small, places)
    assert (found.gate, found.answered) == (None, 0)
    keep_small_network(small, found.gate)
    assert [path.name for path in tmp_path.iterdir()] == ["released"]


def test_metrics_keep_what_was_measured_beside_what_training_measured(
    candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "released"
    result = release(candidate, "--on", messages, "--current", tiny_model, "--replace", target, *HERE, *ANY_CALIBRATION)
    assert result.exit_code == 0, result.stderr
    metrics = Artifact.load(target).metrics()
    assert metrics["validation"] == Artifact.load(candidate).metrics()["validation"]
    held_out = metrics["held_out"]
    assert held_out["all"]["messages"] == 60
    low, high = held_out["intervals"]["all"]["justice macro-F1"]
    assert low <= held_out["all"]["justice macro-F1"] <= high
    assert low < high
    assert held_out["differences"]["severity kappa"] == [0, 0, 0]
    assert held_out["files"] == ["sixty.jsonl"]
    assert held_out["compared_with"]["version"] == "0.0.1"
    trained_on = [CORPORA / corpus.path for corpus in TINY.data.corpus]
    assert held_out["leakage"]["seen"] == sum(len(path.read_text("utf-8").splitlines()) for path in trained_on)


def test_the_card_says_how_good_it_is(candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path) -> None:
    target = tmp_path / "released"
    options = ("--on", messages, "--current", tiny_model, "--replace", target, *HERE, *ANY_CALIBRATION)
    for version in ("3", "4"):
        result = release(candidate, *options, "--force-version", version)
        assert result.exit_code == 0, result.stderr
    card = (target / FILES.card).read_text(encoding="utf-8")
    assert "# tiny 4\n" in card
    assert card.count("## Figures at release") == 1
    assert card.index("## Figures on held-out") < card.index("## Figures at release") < card.index("## Training data")
    assert "sixty.jsonl" in card


def test_a_worse_candidate_is_refused(candidate: Path, messages: Path, tiny_model: Path, tmp_path: Path) -> None:
    worse = changed(candidate, tmp_path / "worse", FILES.calibration, never_a_complaint)
    target = tmp_path / "released"
    shutil.copytree(tiny_model, target)
    before = content(target)
    result = release(worse, "--on", messages, "--replace", target, *HERE, *ANY_CALIBRATION)
    assert result.exit_code == 1
    assert "refused: worse: complaint macro-F1" in result.stderr
    assert "beyond the noise of ±" in result.stderr
    assert content(target) == before


def test_a_better_candidate_is_told_so(candidate: Path, messages: Path, tiny_model: Path, tmp_path: Path) -> None:
    worse = changed(tiny_model, tmp_path / "worse", FILES.calibration, never_a_complaint)
    result = release(candidate, "--on", messages, "--current", worse, *HERE, *ANY_CALIBRATION, "--json")
    assert result.exit_code == 0, result.stderr
    verdicts = {c["task"]: c["verdict"] for c in json.loads(result.stdout)["comparisons"]}
    assert verdicts["complaint"] == "better"
    assert "worse" not in verdicts.values()


def test_probabilities_that_do_not_come_true_are_refused(
    candidate: Path, messages: Path, tiny_model: Path, tmp_path: Path
) -> None:
    wild = changed(candidate, tmp_path / "wild", FILES.calibration, overconfident)
    result = release(wild, "--on", messages, "--current", tiny_model, *HERE, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["passed"]
    bad = {row["task"] for row in report["calibration"] if row["group"] == "all" and not row["fine"]}
    assert "justice" in bad
    assert any(reason.startswith("badly calibrated: justice over all messages") for reason in report["reasons"])


def test_messages_that_were_trained_on_are_refused_without_telling_them(
    candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path
) -> None:
    lines = (CORPORA / "pt-br.jsonl").read_text(encoding="utf-8").splitlines()[:5]
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("\n".join([*lines, messages.read_text(encoding="utf-8")]), encoding="utf-8")
    options = (candidate, "--on", mixed, "--current", tiny_model, *HERE, *ANY_CALIBRATION)
    result = release(*options)
    assert result.exit_code == 1
    assert "leaking: of 65 messages to measure on, 5" in result.stderr
    row = json.loads(lines[0])
    assert f"{row['source']}/{row['id']}" in result.stdout
    assert row["text"][:30] not in result.output
    report = json.loads(release(*options, "--leave-out-leaks", "--json").stdout)
    assert report["passed"]
    assert report["left_out"] == 5
    assert report["scores"]["all"]["messages"] == 60
    assert row["text"][:30] not in json.dumps(report, ensure_ascii=False)


def test_nothing_left_to_measure_on_is_said(candidate: Path, tiny_model: Path) -> None:
    result = release(candidate, "--on", CORPORA / "pt-br.jsonl", "--current", tiny_model, *HERE, "--leave-out-leaks")
    assert result.exit_code == 2
    assert "--on" in result.stderr


def test_what_can_not_be_looked_at_is_refused_unless_that_is_accepted(
    candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path
) -> None:
    options = ("--on", messages, "--current", tiny_model, "--configs", tmp_path, *ANY_CALIBRATION)
    refused = release(candidate, *options, "--replace", tmp_path / "released")
    assert refused.exit_code == 1
    assert "refused: unchecked" in refused.stderr
    assert "without pt-br.jsonl, severity.jsonl:" in refused.stderr
    assert not (tmp_path / "released").exists()
    accepted = release(candidate, *options, "--allow-unchecked")
    assert accepted.exit_code == 0, accepted.stderr
    assert "warning: not looked for leaks in pt-br.jsonl" in accepted.stderr
    assert "Leaks were not looked for" in accepted.stdout
    assert "No leaks" not in accepted.stdout


def test_a_candidate_that_does_not_say_how_it_was_trained_is_not_looked_at(candidate: Path, messages: Path) -> None:
    (candidate / FILES.training).unlink()
    leaks = find_leaks(
        Artifact.load(_with_sums(candidate)), read_messages(messages), Places(CORPORA, None, CORPORA), 0.7
    )
    assert leaks.pairs == ()
    assert FILES.training in leaks.missing[0]


def _with_sums(path: Path) -> Path:
    write_checksums(path)
    return path


@pytest.mark.parametrize("as_json", [False, True])
def test_a_damaged_candidate_is_refused(candidate: Path, messages: Path, *, as_json: bool) -> None:
    with (candidate / FILES.weights).open("ab") as file:
        file.write(b"\0")
    result = release(candidate, "--on", messages, "--first", *(["--json"] if as_json else []))
    assert result.exit_code == 1
    if as_json:
        assert json.loads(result.stdout) == {"passed": False, "reasons": [json.loads(result.stdout)["reasons"][0]]}
    assert "checksum" in (result.stdout if as_json else result.stderr)


@pytest.mark.parametrize(
    "change",
    [lambda c: c.update(taxonomy="0"), lambda c: c["tasks"]["severity"].reverse(), lambda c: c.update(format=99)],
)
def test_a_candidate_of_another_taxonomy_is_refused(
    candidate: Path, messages: Path, tmp_path: Path, change: Change
) -> None:
    other = changed(candidate, tmp_path / "other", FILES.config, change)
    result = release(other, "--on", messages, "--first")
    assert result.exit_code == 1
    assert "refused: directory" in result.stderr
    assert "taxonomy" in result.stderr


def test_a_version_that_is_taken_is_refused(tiny_model: Path, candidate: Path, messages: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    options = (copy, "--on", messages, "--current", tiny_model, *HERE, *ANY_CALIBRATION)
    result = release(*options)
    assert result.exit_code == 1
    assert "refused: version: tiny 0.0.1" in result.stderr
    assert release(*options, "--force-version", "0.1").exit_code == 0


def test_the_first_model_has_none_to_be_compared_with(candidate: Path, messages: Path, tmp_path: Path) -> None:
    target = tmp_path / "released"
    result = release(candidate, "--on", messages, "--first", "--replace", target, *HERE, *ANY_CALIBRATION)
    assert result.exit_code == 0, result.stderr
    assert "beside" not in result.stdout
    assert Artifact.load(target).metrics()["held_out"]["compared_with"] is None
    assert "Beside" not in (target / FILES.card).read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [(), ("--dry-run", "--replace", "released")])
def test_a_check_writes_nothing(
    candidate: Path,
    tiny_model: Path,
    messages: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    result = release(candidate, "--on", messages, "--current", tiny_model, *HERE, *ANY_CALIBRATION, *options)
    assert result.exit_code == 0, result.stderr
    assert "nothing was written" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["candidate"]


def test_questions_that_make_no_sense_are_one_line(candidate: Path, tiny_model: Path, messages: Path) -> None:
    both = release(candidate, "--on", messages, "--first", "--current", tiny_model)
    itself = release(candidate, "--on", messages, "--current", candidate)
    absent = release(candidate, "--on", messages.with_name("absent.jsonl"), "--first")
    for result, word in ((both, "--first"), (itself, "itself"), (absent, "absent.jsonl")):
        assert result.exit_code == 2
        assert word in result.stderr
        assert "Traceback" not in result.stderr


def test_standoff_labels_are_joined_to_their_texts(candidate: Path, messages: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in messages.read_text(encoding="utf-8").splitlines()]
    labels = [{k: row[k] for k in ("id", "source", "labels")} | {"sha256": text_hash(row["text"])} for row in rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    name = f"{tmp_path / 'labels.jsonl'}:{messages}"
    result = release(candidate, "--on", name, "--first", *HERE, *ANY_CALIBRATION, "--json")
    assert json.loads(result.stdout)["scores"]["all"]["messages"] == 60


@pytest.fixture(scope="module")
def report(tiny: ComplaintClassifier, messages: Path) -> Report:
    new = as_version(tiny, "0.0.2")
    return judge(new, tiny, read_messages(messages), Leaks(), Limits(calibration=1.0))


def test_the_judge_tells_how_far_it_is(tiny: ComplaintClassifier, messages: Path) -> None:
    told: list[int] = []
    judge(tiny, tiny, read_messages(messages), Leaks(), Limits(), advance=told.append)
    assert sum(told) == 120


def test_the_report_is_json_with_its_verdicts(report: Report) -> None:
    data = json.loads(json.dumps(report.to_dict()))
    assert data["passed"]
    assert {c["verdict"] for c in data["comparisons"]} == {"within noise"}
    assert all(row["fine"] for row in data["calibration"])
    assert {row["group"] for row in data["calibration"]} == {"all", "es", "pt"}
    assert not replace(report, reasons=("no",)).to_dict()["passed"]


def test_messages_that_leak_are_left_out_by_source_and_id(messages: Path) -> None:
    examples = read_messages(messages)
    first = examples[0]
    leaks = Leaks((Pair(Kind.NEAR, 0.8, first.id, first.source, "a", "b"),))
    assert without(examples, leaks) == examples[1:]
    with pytest.raises(InputError):
        without(examples[:1], leaks)


@pytest.mark.parametrize(
    "failing", ["training.release.placement.write_checksums", "training.release.placement.renew_cards"]
)
def test_a_release_that_fails_leaves_everything_as_it_was(
    candidate: Path, tiny_model: Path, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    target = tmp_path / "released"
    shutil.copytree(tiny_model, target)
    before = content(target)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(failing, fails)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(Artifact.load(candidate), target, report, ["a.jsonl"])
    assert content(target) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["candidate", "released"]


def test_the_former_model_comes_back_if_the_new_one_can_not_be_moved(
    candidate: Path, tiny_model: Path, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "released"
    shutil.copytree(tiny_model, target)
    before = content(target)
    rename = Path.rename

    def fails_once(self: Path, to: Path) -> Path:
        if self.name == target.name and self != target:
            raise OSError(28, "No space left on device")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails_once)
    with pytest.raises(OSError, match="space"):
        put_in_place(Artifact.load(candidate), target, report, ["a.jsonl"])
    assert content(target) == before


def test_only_files_with_a_checksum_are_released(candidate: Path, report: Report, tmp_path: Path) -> None:
    (candidate / "notes.txt").write_text("not of the model")
    put_in_place(Artifact.load(candidate), tmp_path / "released", report, ["a.jsonl"])
    assert {p.name for p in (tmp_path / "released").iterdir()} == {p.name for p in candidate.iterdir()} - {"notes.txt"}


def test_perfect_probabilities_stay_under_the_noise_as_often_as_it_says() -> None:
    chance = np.random.default_rng(5)
    under = 0
    for seed in range(60):
        p = chance.beta(4, 2, size=200)
        hits = chance.random(200) < p
        under += calibration_error(p.tolist(), hits.tolist()) <= calibration_noise(p.tolist(), seed=seed)
    assert 52 <= under <= 60


def test_noise_is_that_of_the_bins_and_of_the_number_of_answers() -> None:
    p = np.linspace(0.02, 0.98, 100).tolist()
    assert calibration_noise(p * 16) < calibration_noise(p * 4) < calibration_noise(p)
    assert calibration_noise([0.5] * 100) < calibration_noise(p)
    assert calibration_noise([1.0, 0.0, 1.0]) == 0
    assert calibration_noise(p) == calibration_noise(p[::-1])


def test_calibration_is_checked_for_each_task_and_language(tiny: ComplaintClassifier, messages: Path) -> None:
    examples = read_messages(messages)
    found = tiny.predict([e.text for e in examples], languages=[e.language for e in examples], facts=False)
    checks = {(c.task, c.group): c for c in calibration_checks(examples, found, Limits(calibration=0.02))}
    assert checks["complaint", "all"].answers == 60
    assert checks["complaint", "es"].answers + checks["complaint", "pt"].answers == 60
    for check in checks.values():
        assert check.fine == (check.error <= 0.02 + check.noise)


@pytest.mark.parametrize("options", [("--first",), ("--current", "nowhere")])
def test_a_folder_that_is_no_model_is_refused_before_anything_is_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    (target := tmp_path / "letters").mkdir()
    (target / "letter.txt").write_text("dear")
    result = release(tmp_path / "nowhere", "--on", "nowhere.jsonl", *options, "--replace", target)
    assert result.exit_code == 2
    assert "letters is there and is no model directory" in result.stderr
    assert (target / "letter.txt").read_text() == "dear"


def test_a_folder_that_is_no_model_is_not_written_over(candidate: Path, report: Report, tmp_path: Path) -> None:
    (target := tmp_path / "letters").mkdir()
    (target / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="letters is there and is no model directory"):
        put_in_place(Artifact.load(candidate), target, report, ["a.jsonl"])
    assert content(target) == {"letter.txt": b"dear"}


def test_an_empty_folder_is_as_good_as_none(
    candidate: Path, tiny_model: Path, messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (target := tmp_path / "released").mkdir()
    monkeypatch.setenv("RECUPERA_MODEL", str(tiny_model))
    result = release(candidate, "--on", messages, "--replace", target, *HERE, *ANY_CALIBRATION)
    assert result.exit_code == 0, result.stderr
    assert "tiny 0.0.2 beside tiny 0.0.1" in result.stdout
    assert Artifact.load(target).info.version == "0.0.2"
