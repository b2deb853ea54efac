"""For teams that have Spark: the function that ``DataFrame.mapInArrow`` takes. Spark itself isn't imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import pyarrow as pa

from classifier.bulk import Wanted, classify_records
from classifier.cascade import Effort
from classifier.formats.flat import FIELDS, flatten
from classifier.formats.parquet import SCHEMA, storable, values_of
from classifier.inference import ComplaintClassifier
from classifier.records import Columns, make_record

__all__ = ["COLUMNS", "classify_in_arrow"]

_KINDS: Final = {str: "string", float: "double", bool: "boolean"}

COLUMNS: Final = ", ".join(f"{field.name} {_KINDS[field.type]}" for field in FIELDS)
"""Spark's schema of the result: the columns of a Parquet file, see ``classifier.formats.flat``."""


def classify_in_arrow(
    *,
    id_column: str = "id",
    text_column: str = "text",
    language_column: str | None = None,
    evidence: bool = False,
    facts: bool = True,
    effort: Effort | str = Effort.FULL,
    model: str | None = None,
    threads: int = 1,
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return a function of record batches to record batches, one row a row, in their order.

    Each Python worker of Spark loads ``model`` (a directory that every executor has; the shipped one by default) once.
    With the ``effort`` ``fast`` its small network answers where it is sure. A row that can't be classified has only
    ``id`` and ``error``. Raise ``ValueError`` for an unknown effort.
    """
    columns = Columns(id_column, text_column, language_column)
    wanted = Wanted(evidence=evidence, facts=facts, effort=Effort(effort))

    def classified(batches: Iterator[Any]) -> Iterator[Any]:
        classifier = _loaded(model, threads)
        line = 0
        for batch in batches:
            names = [name for name in columns.names if name in batch.schema.names]
            rows = zip(*(values_of(batch.column(name)) for name in names), strict=True)
            records = [
                make_record(line + number, dict(zip(names, row, strict=True)), columns)
                for number, row in enumerate(rows, 1)
            ]
            line += len(records)
            results = (flatten(result) for result in classify_records(classifier, records, wanted))
            stored = [{name: storable(value) for name, value in row.items()} for row in results]
            yield pa.RecordBatch.from_pylist(stored, schema=SCHEMA)

    return classified


@cache
def _loaded(model: str | None, threads: int) -> ComplaintClassifier:
    return ComplaintClassifier.from_pretrained(model, threads=threads)
