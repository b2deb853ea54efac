"""The function for Spark, on record batches as Spark gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from classifier import ComplaintClassifier
from classifier.cascade import Effort
from classifier.formats.flat import FIELDS, flatten
from classifier.spark import COLUMNS, classify_in_arrow
from tests.classifier.mortal import Order, Standing

TEXTS = ["Pedí dos sillas y llegó una, con la pata rota.", None, "O suporte desligou e ninguém devolve o dinheiro."]


def batches() -> list[pa.RecordBatch]:
    table = pa.table({"ticket": [7, 8, 9], "body": pa.array(TEXTS, pa.string())})
    return [*table.slice(0, 2).to_batches(), *table.slice(2).to_batches()]


def test_each_row_becomes_one_in_its_place(shipped: ComplaintClassifier) -> None:
    classified = classify_in_arrow(id_column="ticket", text_column="body")
    first, second = classified(iter(batches()))
    rows = [*first.to_pylist(), *second.to_pylist()]
    assert [row["id"] for row in rows] == ["7", "8", "9"]
    assert [row["error"] for row in rows] == [None, "line 2: 'body' must be a string, not null", None]
    alone = flatten(shipped.predict(TEXTS[2], ids=["9"])[0])  # type: ignore[arg-type]
    assert {name: rows[2][name] for name in ("complaint", "motive", "severity", "facts")} == {
        name: alone[name] for name in ("complaint", "motive", "severity", "facts")
    }


def test_in_haste_the_small_network_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    efforts = []

    class Asked(Standing):
        def predict(self, texts: list[str], **given: Any) -> list[Any]:
            efforts.append(given["effort"])
            return super().predict(texts, **given)

    monkeypatch.setattr("classifier.spark._loaded", lambda *_: Asked(Order("", ""), Path()))

    for effort in ("full", "fast"):
        list(classify_in_arrow(id_column="ticket", text_column="body", effort=effort)(iter(batches()[1:])))

    assert efforts == [Effort.FULL, Effort.FAST]
    with pytest.raises(ValueError, match="hasty"):
        classify_in_arrow(effort="hasty")


def test_the_schema_for_spark_is_that_of_the_batches() -> None:
    named = [column.split() for column in COLUMNS.split(", ")]
    assert [name for name, _ in named] == [field.name for field in FIELDS]
    assert {kind for _, kind in named} == {"string", "double", "boolean"}


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore")
def test_spark_takes_it(shipped: ComplaintClassifier) -> None:
    session = pytest.importorskip("pyspark.sql", reason="needs pyspark").SparkSession
    spark = session.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.createDataFrame([(7, TEXTS[0]), (9, TEXTS[2])], "ticket long, body string")
        done = frame.mapInArrow(classify_in_arrow(id_column="ticket", text_column="body"), COLUMNS).collect()
    finally:
        spark.stop()
    assert sorted(row["id"] for row in done) == ["7", "9"]
    assert all(row["complaint"] and json.loads(row["facts"]) is not None for row in done)
