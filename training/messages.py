"""Unlabelled messages in bulk: read from a file, dated, and answered by a model with its probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from classifier.calibration import Calibration, Decision, Floats
from classifier.errors import InputError
from classifier.formats import Format, format_of, open_records
from classifier.inference import ComplaintClassifier
from classifier.language import identify_language
from classifier.records import BadRecord, Columns, Record
from classifier.taxonomy import COMPLAINT, TASKS
from classifier.types import FlagDecision, MultiDecision

_CHUNK = 64
_DATE_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y")
_NOBODY: Callable[[int], None] = lambda _: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a file, and the records of it that are none."""

    good: tuple[Record, ...]
    bad: tuple[BadRecord, ...]


def read_records(path: Path, wanted: Columns) -> Messages:
    """Read JSONL, CSV or Parquet; raise ``InputError`` if the file can't be read or holds no message."""
    with open_records(path, format_of(path), wanted) as reading:
        records = list(reading.records)
    good = tuple(r for r in records if isinstance(r, Record))
    bad = tuple(r for r in records if isinstance(r, BadRecord))
    if not good:
        raise InputError(f"{path} has no messages" + (f": {bad[0]}" if bad else ""))
    return Messages(good, bad)


def read_times(path: Path, column: str, records: Iterable[Record]) -> dict[int, datetime]:
    """Return when each of a file's ``records`` was received, by its line (row in Parquet), in UTC without its zone.

    Raise ``InputError`` naming the first of them whose value is no date; what else the file holds is passed over.
    """
    if format_of(path) is Format.PARQUET:
        with open_records(path, Format.PARQUET, Columns(text=column)) as reading:
            next(reading.records, None)  # an error names the columns that there are
        values: list[tuple[int, Any]] = list(enumerate(pq.read_table(path, columns=[column])[column].to_pylist(), 1))
    else:
        with open_records(path, format_of(path), Columns(text=column)) as reading:
            values = [(r.line, r.text if isinstance(r, Record) else None) for r in reading.records]
    found = dict(values)
    return {r.line: as_time(found.get(r.line), f"{path}: line {r.line}, {column}") for r in records}


def as_time(value: object, where: str) -> datetime:
    """Understand a date or a time: ISO 8601, or day first as in Spanish and Portuguese (``31/12/2025``)."""
    if isinstance(value, str):
        value = _parsed(value.strip())
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001, RUF100 - zones are dropped below
    if not isinstance(value, datetime):
        raise InputError(f"{where}: not a date such as 2026-03-31, 2026-03-31T10:00:00Z or 31/03/2026")
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _parsed(value: str) -> datetime | None:
    """Return the time that a text names, or ``None``."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    for layout in _DATE_FORMATS:
        try:
            return datetime.strptime(value, layout)  # noqa: DTZ007, RUF100
        except ValueError:
            continue
    return None


def language_of(record: Record) -> str | None:
    """Return the language that the record gives or its text shows: ``es``, ``pt``, ``other`` or ``None``."""
    found = identify_language(record.text).language
    return record.language if record.language and found else found


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of some messages: logits (n, sum of widths), and calibrated probabilities by task."""

    logits: npt.NDArray[np.float32]
    probabilities: Mapping[str, Floats]
    calibration: Calibration

    @classmethod
    def of(
        cls, classifier: ComplaintClassifier, texts: Sequence[str], *, advance: Callable[[int], None] = _NOBODY
    ) -> Self:
        """Run the network over ``texts``, whatever their language; ``advance`` is told of each chunk's size."""
        calibration = classifier.artifact.calibration
        logits = np.zeros((len(texts), sum(task.width for task in TASKS)), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            logits[start : start + _CHUNK] = classifier.logits(chunk)
            advance(len(chunk))
        return cls(logits, calibration.probabilities(logits), calibration)

    def decide(self, row: int) -> dict[str, Decision]:
        """Return one message's answers; a non-complaint has none to the complaint-only tasks."""
        found = {t.id: self.calibration[t.id].decide(t, self.probabilities[t.id][row]) for t in TASKS}
        complaint = found[COMPLAINT.id]
        asked = isinstance(complaint, FlagDecision) and bool(complaint.label)
        return {t.id: found[t.id] for t in TASKS if asked or not t.complaints_only}


def labels_of(decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """Return answers in the form of a corpus's labels."""
    return {name: list(d.labels) if isinstance(d, MultiDecision) else d.label for name, d in decisions.items()}
