"""Labelled messages in a table, one column a task, or texts that stand-off labels belong to: by ``datasets``.

A table is a CSV or Parquet file, or ``hub:NAME`` (``hub:NAME/CONFIGURATION:SPLIT``) for a dataset of the Hugging Face
hub. Cells name labels by id or by name in any of the languages, several separated by ``;`` or ``,``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from classifier.errors import InputError
from classifier.language import identify_language
from classifier.taxonomy import LANGUAGES, TASK_BY_ID, TASKS
from training.corpus import Example, parse_example, read_rows, without_contradictions
from training.review_file import answer

HUB: Final = "hub:"
_BUILDERS: Final = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


def is_table(source: str) -> bool:
    """Say whether ``source`` is read by ``datasets``, not as JSON Lines."""
    return source.startswith(HUB) or Path(source).suffix.lower() in _BUILDERS


def rows_of(source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and content of each row of a table, or of a JSONL file; raise ``InputError`` if it can't be read."""
    if not is_table(source):
        yield from read_rows(Path(source))
        return
    for number, row in enumerate(_dataset(source), 1):
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


def _dataset(source: str) -> Any:
    """Open a table with ``datasets``."""
    import datasets

    datasets.disable_progress_bars()
    try:
        if source.startswith(HUB):
            name, _, split = source.removeprefix(HUB).partition(":")
            owner_and_name, configuration = (name, None) if name.count("/") < 2 else name.rsplit("/", 1)
            return datasets.load_dataset(owner_and_name, configuration, split=split or "train")
        suffix = Path(source).suffix.lower()
        options = {"sep": "\t"} if suffix == ".tsv" else {}
        return datasets.load_dataset(_BUILDERS[suffix], data_files=source, split="train", **options)
    except Exception as error:
        raise InputError(f"{source} can't be read as a table: {type(error).__name__}: {str(error)[:300]}") from error


def _message(row: Mapping[str, Any], columns: Mapping[str, str], number: int) -> dict[str, Any]:
    """Turn a row into a line of a corpus; raise ``ValueError`` that names the column."""
    for column in columns.values():
        if column not in row:
            raise ValueError(f"no column {column!r}; there are {', '.join(map(repr, row))}")
    cells = {
        name: _cell(row.get(columns.get(name, name))) for name in ("id", "text", "language", "source", *TASK_BY_ID)
    }
    labels = {task.id: found for task in TASKS if (found := answer(task, cells[task.id])) is not None}
    if "complaint" not in labels:
        raise ValueError("column 'complaint' is empty or not there; it must be yes or no")
    if not labels["complaint"]:
        labels = {name: value for name, value in labels.items() if not TASK_BY_ID[name].complaints_only}
    language = cells["language"].lower()[:2] or identify_language(cells["text"]).language
    if language not in LANGUAGES:
        raise ValueError(f"column 'language' must be one of {', '.join(LANGUAGES)}: this text shows neither")
    rest = {"id": cells["id"] or str(number), "text": cells["text"], "source": cells["source"], "labels": labels}
    return rest | {"lang": language} | {name: _cell(row.get(name)) for name in ("variety", "channel", "family")}


def _cell(value: object) -> str:
    """Return a cell as text; several labels may come as a list."""
    if value is None or value != value:  # noqa: PLR0124, RUF100 - NaN, an empty cell of a column of numbers
        return ""
    return ";".join(map(str, value)) if isinstance(value, list) else str(value).strip()
