import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from classifier.cli import app
from classifier.errors import InputError
from classifier.taxonomy import TASKS
from tests.conftest import CORPORA
from training.corpus import Example, read_messages
from training.corrections import corpus_rows, write_jsonl
from training.label_noise import confident_joint, describe, find_noise, out_of_fold, review_rows, targets

TASK = {task.id: task for task in TASKS}
THINGS = ("cama", "mesa", "silla", "lámpara", "taza", "alfombra", "estantería", "cortina")


def made_up(count: int) -> list[Example]:
    """Compose messages whose words give their labels away: late or rude, loud or calm."""
    chance = np.random.default_rng(5)
    examples = []
    for i in range(count):
        late, loud = bool(chance.integers(2)), bool(chance.integers(2))
        thing = THINGS[int(chance.integers(len(THINGS)))]
        text = f"la {thing} {i} " + ("no llegó, la entrega se retrasa" if late else "la trajo un empleado grosero")
        text += ", es una vergüenza" if loud else ", un saludo"
        labels = {
            "complaint": True,
            "justice": ["outcome"] if late else ["interactional"],
            "touchpoint": "fulfilment" if late else "support",
            "tone": "angry" if loud else "calm",
        }
        examples.append(Example(str(i), text, "es", "made-up", f"f{i // 2}", labels))
    return examples


def relabelled(examples: list[Example], rows: range, task: str, other: dict[Any, Any]) -> list[Example]:
    changed = list(examples)
    for i in rows:
        value = examples[i].labels[task]
        new = [other[value[0]]] if isinstance(value, list) else other[value]
        changed[i] = replace(examples[i], labels={**examples[i].labels, task: new})
    return changed


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="recupera")


def test_the_joint_worked_out_by_hand() -> None:
    """Northcutt et al., section 3: thresholds 0.7 and 0.6; of the given 0s one is counted as a 1, the last as none."""
    p1 = np.array([0.1, 0.1, 0.9, 0.1, 0.1, 0.3, 0.9, 0.9, 0.0])
    given = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    share, likely = confident_joint(np.column_stack([1 - p1, p1]), given)
    assert likely.tolist() == [0, 0, 1, 0, 0, 0, 1, 1, 0]
    threshold = (1 - p1[:6]).mean()
    assert threshold > 0.7, "so the sixth message counts for none"
    assert share == pytest.approx((6 * 1 / 5 + 3 * 1 / 3) / 9)


def test_a_label_less_probable_than_the_given_one_is_no_suggestion() -> None:
    p = np.array([[0.97, 0.03]] * 98 + [[0.99, 0.01]] * 2)
    share, likely = confident_joint(p, np.array([0] * 98 + [1] * 2))
    assert likely[:98].tolist() == [0] * 98, "the threshold of the rare label is 0.01"
    assert likely[98:].tolist() == [0, 0]
    assert share == pytest.approx(0.02)


def test_clean_labels_give_no_suspects() -> None:
    examples = made_up(240)
    for item in find_noise(examples, out_of_fold(examples)):
        if not item.skipped:
            assert item.share < 0.01, item.task
            assert not item.suspects


def test_labels_changed_on_purpose_are_found_and_counted() -> None:
    clean = made_up(300)
    changed = relabelled(clean, range(24), "tone", {"angry": "calm", "calm": "angry"})
    changed = relabelled(changed, range(40, 70), "justice", {"outcome": "interactional", "interactional": "outcome"})
    found = {item.task: item for item in find_noise(changed, out_of_fold(changed))}
    for task, rows, share in (("tone", range(24), 24 / 300), ("justice", range(40, 70), 2 / 3 * 30 / 300)):
        suspects = found[task].suspects
        caught = {s.example for s in suspects}
        assert len(caught & set(rows)) >= 0.9 * len(rows), task
        assert len(caught - set(rows)) <= 3, task
        assert found[task].share == pytest.approx(share, abs=0.025), task
        assert found[task].can_tell
        assert [s.margin for s in suspects] == sorted((s.margin for s in suspects), reverse=True)
        right = [s for s in suspects if s.example in rows and s.suggested == clean[s.example].labels[task]]
        assert len(right) >= 0.9 * len(rows), task
    assert not found["touchpoint"].suspects


def test_a_message_and_its_family_are_judged_by_models_that_saw_neither() -> None:
    """Labels at random that a family shares can be remembered, but not learnt."""
    chance = np.random.default_rng(3)
    tones = [("calm", "angry")[int(chance.integers(2))] for _ in range(100)]
    examples = [replace(e, labels={**e.labels, "tone": tones[i // 2]}) for i, e in enumerate(made_up(200))]
    examples = [replace(e, text=f"familia{i // 2} código{i // 2} {e.text}") for i, e in enumerate(examples)]
    p = out_of_fold(examples)["tone"]
    right = p.argmax(axis=1) == targets(TASK["tone"], examples).argmax(axis=1)
    assert right.mean() < 0.65
    (tone,) = (item for item in find_noise(examples, {**out_of_fold(examples)}) if item.task == "tone")
    assert not tone.can_tell


def test_probabilities_have_the_shape_and_sum_of_their_task() -> None:
    examples = made_up(60)
    found = out_of_fold(examples, folds=3)
    assert {name: p.shape for name, p in found.items()} == {t.id: (60, t.width) for t in TASKS}
    np.testing.assert_allclose(found["tone"].sum(axis=1), 1)
    assert np.isnan(found["severity"]).all(), "nobody labelled it"


def test_only_complaints_are_asked_what_only_complaints_have() -> None:
    examples = made_up(120)
    no = {"complaint": False, "touchpoint": "use", "tone": "calm", "justice": ["outcome"]}
    mixed = [replace(e, labels=no) if i % 3 == 0 else e for i, e in enumerate(examples)]
    found = {item.task: item for item in find_noise(mixed, out_of_fold(mixed))}
    assert (found["justice"].labelled, found["tone"].labelled) == (80, 120)
    assert found["severity"].skipped == "fewer than 50 labels"


def test_a_suspect_says_what_is_given_and_what_is_likelier() -> None:
    examples = relabelled(made_up(200), range(5), "justice", {"outcome": "interactional", "interactional": "outcome"})
    noise = find_noise(examples, out_of_fold(examples))
    rows = review_rows(examples, noise)
    assert {row.id for row in rows} == {"0", "1", "2", "3", "4"}
    for row in rows:
        assert row.labels == examples[int(row.id)].labels, "prefilled with what was given"
        assert row.why.startswith("justice: ")
        assert " → " in row.why
    suspect = next(s for item in noise for s in item.suspects)
    assert describe(replace(suspect, given=True, suggested=False, task="complaint", confidence=0.9)) == (
        "complaint: yes → no? (0.90)"
    )


def turned_back(sheet: Path, reviewed: str) -> list[dict[str, str]]:
    """Correct the tone of every row of a review file, and return the rows."""
    rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines(), delimiter=";"))
    for row in rows:
        row |= {"tone": {"angry": "calm", "calm": "angry"}[row["tone"]], "reviewed": reviewed}
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return rows


def test_a_message_that_is_there_twice_is_one_row_that_corrects_both(tmp_path: Path) -> None:
    changed = relabelled(made_up(150), range(4), "tone", {"angry": "calm", "calm": "angry"})
    copies = [replace(e, labels={name: e.labels[name] for name in ("complaint", "tone")}) for e in changed[:4]]
    corpus, sheet = tmp_path / "labelled.jsonl", tmp_path / "suspects.csv"
    write_jsonl(corpus, corpus_rows([*copies, *changed]))
    assert run("noise", corpus, "--output", sheet).exit_code == 0
    table = turned_back(sheet, "yes")
    assert sorted(row["id"] for row in table) == ["0", "1", "2", "3"]
    assert all(row["why"].count("tone: ") == 1 for row in table)
    back = run("select", "--import", sheet, "--corpus", corpus, "--output", tmp_path / "new.jsonl")
    assert back.exit_code == 0, back.output
    labels = [e.labels for e in made_up(150)]
    assert [e.labels for e in read_messages(tmp_path / "new.jsonl")] == [*labels[:4], *labels]


def test_too_few_messages_are_refused() -> None:
    with pytest.raises(InputError, match="at least 50 are needed"):
        out_of_fold(made_up(20))
    with pytest.raises(InputError, match="1 families"):
        out_of_fold([replace(e, family="one") for e in made_up(60)])


def test_the_command_shows_suspects_and_its_review_file_goes_back_into_the_corpus(tmp_path: Path) -> None:
    changed = relabelled(made_up(150), range(6), "tone", {"angry": "calm", "calm": "angry"})
    corpus, sheet = tmp_path / "labelled.jsonl", tmp_path / "suspects.csv"
    rows = [{"id": e.id, "source": "made-up", "lang": "es", "text": e.text, "labels": e.labels} for e in changed]
    corpus.write_text("\n".join(json.dumps(row) for row in rows))
    result = run("noise", corpus, "--output", sheet)
    assert result.exit_code == 0, result.output
    assert "fewer than 50 labels" in result.output
    assert "angry" in result.output
    turned_back(sheet, "sí")
    back = run("select", "--import", sheet, "--corpus", corpus, "--output", tmp_path / "new.jsonl")
    assert back.exit_code == 0, back.output
    assert [e.labels for e in read_messages(tmp_path / "new.jsonl")] == [e.labels for e in made_up(150)]


def test_the_command_judges_by_a_model_and_prints_json(tmp_path: Path) -> None:
    corpus = tmp_path / "some.jsonl"
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    corpus.write_text("\n".join(lines[:80]), encoding="utf-8")
    result = run("noise", corpus, "--model", "models/recupera-es-pt", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["messages"] == 80
    tasks = {item["task"]: item for item in report["tasks"]}
    assert list(tasks) == [task.id for task in TASKS]
    assert 0 <= tasks["complaint"]["share"] <= 1
    assert all({"id", "given", "suggested", "confidence"} <= set(s) for t in report["tasks"] for s in t["suspects"])


def test_the_command_refuses_what_it_cant_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "1", "lang": "es", "text": "x"}')
    result = run("noise", tmp_path / "a.jsonl")
    assert result.exit_code == 2
    assert "a.jsonl:1: labels is missing" in result.stderr
