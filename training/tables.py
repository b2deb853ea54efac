"""Labelled messages in a table, one column a task, or texts that stand-off labels belong to.

A table is a CSV file, each cell the text that stands there; or, by ``datasets``, a Parquet file or ``hub:NAME``
(``hub:NAME/CONFIGURATION:SPLIT``), a dataset of the Hugging Face hub. Cells name labels by id or by name in any of the
languages, several separated by ``;`` or ``,``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from classifier.errors import InputError
from classifier.formats.cells import read_cells
from classifier.language import identify_language
from classifier.taxonomy import LANGUAGES, TASK_BY_ID, TASKS
from training.config import COLUMNS
from training.corpus import Example, as_text, parse_example, read_rows, without_contradictions
from training.review_file import answer

HUB: Final = "hub:"
_SEPARATORS: Final[Mapping[str, str | None]] = {".csv": None, ".tsv": "\t"}
_PARQUET: Final = ".parquet"

log = logging.getLogger(__name__)


def is_table(source: str) -> bool:
    """Say whether ``source`` is a table, not JSON Lines."""
    return source.startswith(HUB) or Path(source).suffix.lower() in (*_SEPARATORS, _PARQUET)


def rows_of(source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and content of each row of a table, or of a JSONL file; raise ``InputError`` if it can't be read."""
    if not is_table(source):
        yield from read_rows(Path(source))
        return
    separated = not source.startswith(HUB) and Path(source).suffix.lower() in _SEPARATORS
    for number, row in enumerate(_separated(Path(source)) if separated else _dataset(source), 1):
        yield number, dict(row)


def read_table(source: str, columns: Mapping[str, str], *, weight: float = 1.0) -> list[Example]:
    """Read a table of labelled messages; ``columns`` says which column holds what, where the names differ.

    Without a column ``language`` the text tells it. Raise ``InputError`` naming table, row, column and what is allowed.
    """
    labelled = []
    for number, row in rows_of(source):
        where = f"{source}, row {number}"
        try:
            labelled.append((where, parse_example(_message(row, columns, number), where, weight)))
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
    return without_contradictions(labelled)


def _separated(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file that are not blank; of two columns of one name the first counts."""
    rows, is_unicode = read_cells(path, _SEPARATORS[path.suffix.lower()])
    if not is_unicode:
        log.warning("%s is not UTF-8: read as Windows-1252, in which emoji are lost", path)
    header, *rows = [row for row in rows if any(cell.strip() for cell in row)] or [[]]
    names = [name.strip() for name in header]
    places = {name: names.index(name) for name in names if name}
    for number, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row[len(header) :]):
            raise InputError(f"{path}, row {number}: it has {len(row)} cells, the header {len(header)}")
        yield {name: row[place] if place < len(row) else "" for name, place in places.items()}


def _dataset(source: str) -> Any:
    """Open a table with ``datasets``."""
    import datasets

    datasets.disable_progress_bars()
    try:
        if source.startswith(HUB):
            name, _, split = source.removeprefix(HUB).partition(":")
            owner_and_name, configuration = (name, None) if name.count("/") < 2 else name.rsplit("/", 1)
            return datasets.load_dataset(owner_and_name, configuration, split=split or "train")
        return datasets.load_dataset("parquet", data_files=source, split="train")
    except Exception as error:
        raise InputError(f"{source} can't be read as a table: {type(error).__name__}: {str(error)[:300]}") from error


def _message(row: Mapping[str, Any], columns: Mapping[str, str], number: int) -> dict[str, Any]:
    """Turn a row into a line of a corpus; raise ``ValueError`` that names the column."""
    for column in columns.values():
        if column not in row:
            raise ValueError(f"no column {column!r}; there are {', '.join(map(repr, row))}")
    cells = {name: _cell(row.get(columns.get(name, name))) for name in COLUMNS}
    labels = {task.id: found for task in TASKS if (found := answer(task, cells[task.id])) is not None}
    if "complaint" not in labels:
        raise ValueError("column 'complaint' is empty or not there; it must be yes or no")
    if not labels["complaint"]:
        labels = {name: value for name, value in labels.items() if not TASK_BY_ID[name].complaints_only}
    language = cells["language"].lower()[:2] or identify_language(cells["text"]).language
    if language not in LANGUAGES:
        raise ValueError(f"column 'language' must be one of {', '.join(LANGUAGES)}: this text shows neither")
    told = {name: cells[name] for name in ("text", "source", "variety", "channel", "family")}
    return told | {"id": cells["id"] or str(number), "lang": language, "labels": labels}


def _cell(value: object) -> str:
    """Return a cell as text; several labels may come as a list."""
    return ";".join(map(str, value)) if isinstance(value, list) else as_text(value).strip()
