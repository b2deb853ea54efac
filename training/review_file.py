"""Messages to label as a table that people edit in a spreadsheet, and the labels read back from it.

One row a message: id, source, language, text, a column a task, ``reviewed`` and ``why``. The file is UTF-8 with a byte
order mark and separated by semicolons, which spreadsheets in Spanish and Portuguese open by a double click; whatever
separator they save with is understood. Beside it lies a legend with every value, its names and what it means.

A cell that a spreadsheet would run as a formula, or turn into a number or a date, has an apostrophe before it (OWASP,
"CSV Injection"); a text that begins with one gets a second, so that reading drops exactly what writing put there.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.errors import InputError
from classifier.formats.cells import read_cells
from classifier.limits import MAX_CHARACTERS
from classifier.preprocessing import mended, preprocess
from classifier.taxonomy import LANGUAGES, TASK_BY_ID, TASKS, Task, TaskKind, Translated
from training.corpus import Example, Labels, check_labels, text_hash

__all__ = [
    "COLUMNS",
    "ReviewRow",
    "Sheet",
    "answer",
    "check_new",
    "guard",
    "legend_path",
    "read_review",
    "read_sheet",
    "unguard",
    "write_review",
]

COLUMNS: Final = ("id", "source", "language", "text", *(task.id for task in TASKS), "reviewed", "why")
"""The header, in order."""

_LEGEND: Final = ("column", "value", "how_many", "es", "pt", "en", "significado", "definição", "definition")
_SEPARATOR: Final = ";"
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n']")
_PLAIN_NUMBER: Final = re.compile(r"0|[1-9]\d{0,14}")
_MONTHS: Final = "ene|jan|fe[bv]|mar|abr|apr|ma[iy]|jun|jul|ago|aug|se[pt]|out|oct|nov|dic|dez|dec"
_CONVERTED: Final = re.compile(rf"(?=.*\d)[\W\d_]*(?:(?:e|am|pm|{_MONTHS})[a-zç]*[\W\d_]*)?", re.IGNORECASE)
_HEADERS: Final[Mapping[str, str]] = {
    "texto": "text",
    "idioma": "language",
    "lengua": "language",
    "lingua": "language",
    "revisado": "reviewed",
    "revisada": "reviewed",
}
_TRUE: Final = frozenset(["yes", "y", "si", "s", "sim", "true", "verdadero", "verdadeiro", "1", "x", "ok"])
_FALSE: Final = frozenset(["no", "n", "nao", "false", "falso", "0"])
_TICKS: Final = frozenset("✓✔☑✅")
_AS_EMOJI: Final = "\N{VARIATION SELECTOR-16}"
_MOST_PROBLEMS: Final = 10
_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A message for a person to look at; ``labels`` prefills its cells, ``why`` says what it was chosen for."""

    id: str
    text: str
    language: str
    labels: Labels
    source: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A review file as read: the rows marked as reviewed, how many rows there are, and whether it was UTF-8."""

    examples: list[Example]
    rows: int
    unicode: bool


def legend_path(path: Path) -> Path:
    """Return where the legend of a review file lies: ``review.csv`` has ``review.legend.csv``."""
    return path.with_suffix(f".legend{path.suffix}")


def write_review(path: Path, rows: Iterable[ReviewRow], *, language: str | None = None) -> None:
    """Write a review file and its legend; labels are ids, or names in ``language`` (es, pt, en).

    Raise ``InputError`` if it can't be written or is there already: it may hold somebody's work.
    """
    check_new(path)
    _write_table(path, COLUMNS, (_cells(row, language) for row in rows), "x")
    _write_table(legend_path(path), _LEGEND, _legend(), "w")


def check_new(path: Path) -> None:
    """Raise ``InputError`` if a review file can't be begun at ``path``."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path}: a review file is a .csv; spreadsheets open it")
    if path.exists():
        raise InputError(f"{path} is there already and may hold somebody's labels: name another file")
    if not path.absolute().parent.is_dir():
        raise InputError(f"there is no folder {path.absolute().parent}")


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], mode: str) -> None:
    """Write one table as spreadsheets like it."""
    try:
        with path.open(mode, encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file, delimiter=_SEPARATOR)
            table.writerow(header)
            table.writerows(rows)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None


def _cells(row: ReviewRow, language: str | None) -> list[str]:
    """Return the cells of one message."""
    answers = [_shown(task, row.labels.get(task.id), language) for task in TASKS]
    head = (row.id, row.source, row.language, row.text)
    return [*(guard(mended(cell)) for cell in head), *answers, "", guard(mended(row.why))]


def _shown(task: Task, value: object, language: str | None) -> str:
    """Return the cell of an answer: several labels with semicolons between them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    ids = [str(name) for name in (value if isinstance(value, list) else [value])]
    return "; ".join(task.label(i).name[language] if language else i for i in ids)


def _legend() -> Iterator[tuple[str, ...]]:
    """Yield a row for each value that a task's column may hold."""
    for task in TASKS:
        many = "one or more, the main one first, with ; between them" if task.kind is TaskKind.MULTI else "one"
        many += "; empty where complaint is no" if task.complaints_only else ""
        for label in task.labels:
            name, meaning = label.name, label.definition
            yield task.id, label.id, many, name.es, name.pt, name.en, meaning.es, meaning.pt, meaning.en
    yield "reviewed", "yes", "one; rows without it are not read", "sí", "sim", "yes", "", "", "a person has looked"


def guard(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet would not leave as it is; ``unguard`` is its inverse."""
    converted = _CONVERTED.fullmatch(cell) and not _PLAIN_NUMBER.fullmatch(cell)
    return f"'{cell}" if converted or _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Return the cell as it was before ``guard``."""
    return cell.removeprefix("'")


def read_review(path: Path) -> list[Example]:
    """Return the messages that are marked as reviewed, their text as it was sent.

    Raise ``InputError`` that names the row (as a spreadsheet numbers it), the column and the allowed values of up to
    ten wrong cells.
    """
    return read_sheet(path).examples


def read_sheet(path: Path) -> Sheet:
    """Read a review file as ``read_review`` does, with what a report about it needs."""
    cells_of_rows, is_unicode = read_cells(path)
    header, rows = _table(path, cells_of_rows)
    examples, problems, seen = [], [], dict[tuple[str, str, str], int]()
    for number, cells in rows:
        try:
            if any(cell.strip() for cell in cells[len(header) :]):
                raise ValueError(f"it has {len(cells)} cells, the header {len(header)}")
            example = _example(dict(zip(header, cells, strict=False)))
            if example is None:
                continue
            if (first := seen.setdefault((example.source, example.id, example.text), number)) != number:
                raise ValueError(f"column id: the message is in row {first} too")
            examples.append(example)
        except ValueError as error:
            problems.append(f"row {number}, {error}")
    if problems:
        more = f"\n… and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise InputError(f"{path}: " + "\n".join(problems[:_MOST_PROBLEMS]) + more)
    return Sheet(examples, len(rows), is_unicode)


def _table(path: Path, rows: Sequence[Sequence[str]]) -> tuple[list[str], list[tuple[int, Sequence[str]]]]:
    """Return the header as column ids, and the rows that are not blank with their numbers in a spreadsheet."""
    header = [_column(name) for name in rows[0]] if rows else []
    missing = [name for name in ("id", "text", "language", "complaint", "reviewed") if name not in header]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; a review file has {', '.join(COLUMNS)}")
    return header, [(n, row) for n, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]


def _example(cells: Mapping[str, str]) -> Example | None:
    """Return a row's message, or ``None`` if nobody has reviewed it; raise ``ValueError`` naming column and values."""
    if not _yes_or_no("reviewed", cells.get("reviewed", "")):
        return None
    name, source = unguard(cells.get("id", "")).strip(), unguard(cells.get("source", ""))
    text, language = unguard(cells.get("text", "")), cells.get("language", "").strip().lower()[:2]
    if not name:
        raise ValueError("column id: is empty")
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise ValueError(f"column text: must have 1 to {MAX_CHARACTERS:,} characters")
    if language not in LANGUAGES:
        raise ValueError(f"column language: must be one of {', '.join(LANGUAGES)}")
    labels = {task.id: found for task in TASKS if (found := answer(task, cells.get(task.id, ""))) is not None}
    if "complaint" not in labels:
        raise ValueError(f"column complaint: is empty; it must be one of {_allowed(TASK_BY_ID['complaint'])}")
    if not labels["complaint"]:
        labels = {name: value for name, value in labels.items() if not TASK_BY_ID[name].complaints_only}
    check_labels(labels)
    family = text_hash(preprocess(text).casefold())
    return Example(id=name, text=text, language=language, source=source, family=family, labels=labels)


def answer(task: Task, cell: str) -> Any:
    """Return the labels that a cell names, by id or by name in any of the languages; ``None`` if it is empty."""
    several = task.kind is TaskKind.MULTI
    parts = [part for part in (re.split(r"[;,|\n]", cell) if several else [cell]) if part.strip()]
    if not parts:
        return None
    if task.kind is TaskKind.FLAG:
        return _yes_or_no(task.id, cell)
    names = {_plain(name): label.id for label in task.labels for name in _names(label.id, label.name)}
    found = [names.get(_plain(part)) for part in parts]
    for part, label in zip(parts, found, strict=True):
        if label is None:
            raise ValueError(f"column {task.id}: {_quoted(part)} is none of {_allowed(task)}")
    return list(dict.fromkeys(found)) if several else found[0]


def _names(label_id: str, name: Translated) -> tuple[str, ...]:
    return label_id, name.es, name.pt, name.en


def _yes_or_no(column: str, cell: str) -> bool:
    """Read a yes or a no; a tick is yes, an empty cell no, and any other sign neither."""
    word, seen = _plain(unguard(cell)), "".join(c for c in unguard(cell) if c.isprintable() and not c.isspace())
    if word in _TRUE or seen.removesuffix(_AS_EMOJI) in _TICKS:
        return True
    if word in _FALSE or not seen:
        return False
    raise ValueError(f"column {column}: {_quoted(cell)} is none of yes (sí, sim), no (não)")


def _allowed(task: Task) -> str:
    """List a task's values with their names in Spanish and Portuguese."""
    return ", ".join(f"{label.id} ({label.name.es}, {label.name.pt})" for label in task.labels)


def _quoted(cell: str) -> str:
    """Quote a wrong value, but not a message that slipped into the column."""
    return repr(cell.strip()) if len(cell) <= _SHOWN else f"a text of {len(cell)} characters"


def _column(name: str) -> str:
    """Return the id of a column from its header, which people translate too."""
    plain = _plain(name)
    tasks = {_plain(word): task.id for task in TASKS for word in _names(task.id, task.name)}
    return tasks.get(plain) or _HEADERS.get(plain, plain)


def _plain(word: str) -> str:
    """Return a word without case, accents and signs, to compare by."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return " ".join(re.sub(r"[\W_]+", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())
