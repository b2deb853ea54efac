import json
import re
from pathlib import Path

import pytest

from classifier.taxonomy import COMPLAINT, TASK_BY_ID, TASKS, Task, TaskKind
from training.corpus import check_labels, read_messages

DOCS = Path(__file__).parents[1] / "docs"
CODEBOOKS = {"en": DOCS / "codebook.md", "es": DOCS / "es" / "codebook.md", "pt": DOCS / "pt" / "codebook.md"}
EVERY_TASK = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
EVERY_LANGUAGE = pytest.mark.parametrize("language", CODEBOOKS)


def _section(language: str, task: Task) -> str:
    sections = re.split(r"^## ", CODEBOOKS[language].read_text("utf-8"), flags=re.M)
    [section] = [s for s in sections if re.match(rf"\d\. `{task.id}`\n", s)]
    return section


def _rows(text: str, cells: int) -> list[list[str]]:
    """Return the rows of ``cells`` cells whose first cell is a label id."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[row[0].strip("`"), *row[1:]] for row in rows if len(row) == cells]


def _examples(text: str) -> list[str]:
    """Return the labels of every example, as written: ``yes · restitution · …`` or ``no · use · calm``."""
    return re.findall(r"`((?:yes|no) · [^`]+)`", text)


def _answers(example: str) -> dict[str, str]:
    answers = example.split(" · ")
    tasks = TASKS if answers[0] == "yes" else (COMPLAINT, *(t for t in TASKS[1:] if not t.complaints_only))
    return {task.id: answer for task, answer in zip(tasks, answers, strict=True)}


def _labels(example: str) -> dict[str, object]:
    return {task_id: _value(TASK_BY_ID[task_id], answer) for task_id, answer in _answers(example).items()}


def _value(task: Task, answer: str) -> object:
    if task.kind is TaskKind.FLAG:
        assert answer in task.label_ids
        return answer == "yes"
    return answer.split("+") if task.kind is TaskKind.MULTI else answer


@EVERY_LANGUAGE
@EVERY_TASK
def test_defines_every_label_as_the_taxonomy_does(task: Task, language: str) -> None:
    defined = [row[:3] for row in _rows(_section(language, task), 4)]

    assert defined == [[label.id, label.name[language], label.definition[language]] for label in task.labels]


@EVERY_LANGUAGE
@EVERY_TASK
def test_sums_up_every_task_on_one_page(task: Task, language: str) -> None:
    summary = re.findall(rf"^\| \d \| `{task.id}` \| (.*) \|$", CODEBOOKS[language].read_text("utf-8"), flags=re.M)

    [[asked, _, labels]] = [row.split(" | ") for row in summary]
    assert asked == task.definition[language]
    assert tuple(re.findall(r"`(\w+)`", labels)) == task.label_ids


@EVERY_LANGUAGE
@EVERY_TASK
def test_shows_two_examples_of_every_label(task: Task, language: str) -> None:
    shown = dict.fromkeys(task.label_ids, 0)
    for label_id, _, example in _rows(_section(language, task), 3):
        assert _answers(example.strip("`"))[task.id].split("+")[0] == label_id
        shown[label_id] += 1

    assert min(shown.values()) >= 2


@EVERY_LANGUAGE
def test_labels_every_example_within_the_taxonomy(language: str) -> None:
    examples = _examples(CODEBOOKS[language].read_text("utf-8"))

    assert len(examples) > 2 * sum(len(task.labels) for task in TASKS)
    for example in examples:
        check_labels(_labels(example))


@EVERY_LANGUAGE
def test_shows_lines_that_a_corpus_may_hold(language: str, tmp_path: Path) -> None:
    [lines] = re.findall(r"^```jsonl\n(.*?)^```$", CODEBOOKS[language].read_text("utf-8"), flags=re.M | re.S)
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(lines, "utf-8")

    examples = read_messages(corpus)

    assert len(examples) == 3
    for line in map(json.loads, lines.splitlines()):
        assert list(line) == ["id", "lang", "variety", "text", "labels"]
        assert set(line["labels"]) in ({t.id for t in TASKS}, {"complaint", "touchpoint", "tone"})


def test_shows_the_same_examples_in_every_language() -> None:
    shown = {
        language: [(_rows(_section(language, task), 3), _examples(_section(language, task))) for task in TASKS]
        for language in CODEBOOKS
    }

    assert shown["es"] == shown["en"]
    assert shown["pt"] == shown["en"]
