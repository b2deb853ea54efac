import json
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier import ComplaintClassifier
from classifier.errors import InputError
from classifier.records import Columns, Record
from classifier.taxonomy import TASKS
from training.corpus import check_labels
from training.messages import Answers, as_time, labels_of, language_of, read_records, read_times

TEXTS = ["El pedido llegó roto y nadie me contesta.", "Muito obrigado pelo atendimento!", "Exijo mi dinero ya."]


def test_bad_records_stand_beside_the_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1", "body": "hola"}\n{"id": "2"}\n[]\n')
    found = read_records(path, Columns(text="body"))
    assert ([r.id for r in found.good], [b.line for b in found.bad]) == (["1"], [2, 3])


@pytest.mark.parametrize("content", ["", '{"id": "1"}\n'])
def test_a_file_without_messages_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(InputError, match="has no messages"):
        read_records(tmp_path / "a.jsonl", Columns())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-31", datetime(2026, 3, 31)),
        ("2026-03-31T10:00:00Z", datetime(2026, 3, 31, 10)),
        ("2026-03-31 23:00:00-03:00", datetime(2026, 4, 1, 2)),
        (" 31/03/2026 ", datetime(2026, 3, 31)),
        ("31/03/2026 08:05", datetime(2026, 3, 31, 8, 5)),
        (date(2026, 3, 31), datetime(2026, 3, 31)),
        (datetime(2026, 3, 31, 4), datetime(2026, 3, 31, 4)),
    ],
)
def test_dates_as_people_and_machines_write_them(value: object, expected: datetime) -> None:
    assert as_time(value, "here") == expected


@pytest.mark.parametrize("value", ["ayer", "", None, 3, "2026-13-01"])
def test_what_is_no_date_is_named(value: object) -> None:
    with pytest.raises(InputError, match="here: not a date such as"):
        as_time(value, "here")


def test_times_are_found_by_line_in_every_format(tmp_path: Path) -> None:
    rows = [{"text": "hola\na todos", "at": "2026-01-02"}, {"text": "olá", "at": "2026-01-03"}]
    expected = [datetime(2026, 1, 2), datetime(2026, 1, 3)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "a.csv").write_text('text,at\n"hola\na todos",2026-01-02\nolá,2026-01-03\n', encoding="utf-8")
    for as_date in (False, True):
        values = [datetime.fromisoformat(r["at"]) if as_date else r["at"] for r in rows]
        pq.write_table(pa.table({"text": [r["text"] for r in rows], "at": values}), tmp_path / "a.parquet")
        for name in ("a.jsonl", "a.csv", "a.parquet"):
            records = read_records(tmp_path / name, Columns()).good
            times = read_times(tmp_path / name, "at", records)
            assert [times[r.line] for r in records] == expected, name


def test_a_time_that_is_missing_is_named_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "hola", "at": "2026-01-02"}\n{"text": "hola"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl: line 2, at: not a date"):
        read_times(tmp_path / "a.jsonl", "at", read_records(tmp_path / "a.jsonl", Columns()).good)
    pq.write_table(pa.table({"text": ["hola"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no column 'at'"):
        read_times(tmp_path / "a.parquet", "at", [])


def test_a_record_that_is_none_needs_no_time(tmp_path: Path) -> None:
    rows = [{"text": "hola", "at": "2026-01-02"}, {"text": "hi", "at": "ayer", "language": "en"}, {"at": "2026-01-02"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n[\n")
    read = read_records(tmp_path / "a.jsonl", Columns())
    assert [b.line for b in read.bad] == [2, 3, 4]
    assert read_times(tmp_path / "a.jsonl", "at", read.good) == {1: datetime(2026, 1, 2)}


def test_the_language_is_given_or_seen() -> None:
    assert language_of(Record(1, "1", "No funciona nada, quiero mi dinero")) == "es"
    assert language_of(Record(1, "1", "No funciona nada, quiero mi dinero", "pt")) == "pt"
    assert language_of(Record(1, "1", "12345", "pt")) is None


def test_answers_are_those_that_the_classifier_gives(shipped: ComplaintClassifier) -> None:
    told: list[int] = []
    answers = Answers.of(shipped, TEXTS * 30, advance=told.append)
    assert (sum(told), len(told)) == (90, 2)
    assert answers.logits.shape == (90, sum(t.width for t in TASKS))
    np.testing.assert_allclose(answers.logits[:3], shipped.logits(TEXTS), atol=1e-4)
    for row, result in enumerate(shipped.predict(TEXTS, languages=["es", "pt", "es"])):
        labels, found = labels_of(answers.decide(row)), result.to_dict()
        check_labels(labels)
        for task in TASKS:
            decision = found[task.id]
            given = decision and (list(decision["labels"]) if "labels" in decision else decision["label"])
            assert labels.get(task.id) == given
