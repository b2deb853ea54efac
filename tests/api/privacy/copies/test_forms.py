"""What is read of a file: each line's message, all of its bytes, and what can't be read by its number."""

from __future__ import annotations

import io
import json
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.export import FORMATS
from api.privacy.copies import csv_lines, forms, reading, text_lines
from api.privacy.copies.csv_lines import Csv
from api.privacy.copies.forms import DamagedError, ForeignError, Part
from api.privacy.copies.json_lines import JsonLines
from api.privacy.copies.reading import Copy, rows_of
from api.privacy.copies.text_lines import TextForm
from tests.api.privacy.copies.conftest import NAMES, TEXTS, exported

WORDS = st.text(alphabet='aé"\n\r;,\t\x00 {}', max_size=12)


def parts_of(path: Path) -> list[Part]:
    copy = Copy.open(path)
    try:
        return list(copy.form.parts(copy.file))
    finally:
        copy.close()


def read(path: Path) -> list[tuple[int, str | None]]:
    """Return the number of each line, and whose it is."""
    return [pair for part in parts_of(path) for pair in zip(part.numbers, part.ids, strict=True)]


def put(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("jsonl", list(enumerate(NAMES, 1))),
        ("csv", [(1, ""), (2, NAMES[0]), (3, NAMES[1]), (6, NAMES[2]), (7, NAMES[3])]),
        ("parquet", list(enumerate(NAMES, 1))),
    ],
)
def test_what_an_export_wrote_is_told_by_its_content(
    tmp_path: Path, form: str, expected: list[tuple[int, str]]
) -> None:
    path = put(tmp_path, exported(form, *NAMES))

    assert read(path) == expected
    said = [text for part in rows_of(path) for _, text in part]
    assert any(TEXTS[2] in text for text in said)


def test_a_line_for_training_is_told_by_its_id(tmp_path: Path) -> None:
    line = json.dumps({"id": NAMES[0], "source": "feedback", "text": TEXTS[1], "labels": {}})
    assert read(put(tmp_path, f"\ufeff{line}\n\n{line}")) == [(1, NAMES[0]), (2, ""), (3, NAMES[0])]


def test_lines_that_can_not_be_read_have_their_numbers(tmp_path: Path) -> None:
    bad = ['{"id": "cut', "[1]", '{"text": "whose?"}', '{"id": null}']
    lines = [json.dumps({"id": NAMES[0]}), *bad, json.dumps({"message_id": None, "id": NAMES[1]}), '{"id": 7}']
    found = read(put(tmp_path, "\n".join(lines)))
    assert found == [(1, NAMES[0]), *((number, None) for number in (2, 3, 4, 5)), (6, NAMES[1]), (7, "")]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_a_spreadsheet_saved_again_is_read(tmp_path: Path, separator: str) -> None:
    cells = [["received_at", "id", "text"], ["2026", NAMES[0], '"No llegó; nada"'], ["2026", NAMES[1], "Bem"]]
    content = "\r\n".join(separator.join(line) for line in cells).encode("cp1252")
    assert read(put(tmp_path, content)) == [(1, ""), (2, NAMES[0]), (3, NAMES[1])]


def test_a_stray_quotation_mark_costs_its_own_line_alone(tmp_path: Path) -> None:
    content = (
        f'message_id,text\n{NAMES[0]},a "stray\n{NAMES[1]},"two\nlines"\n{NAMES[2]},x,too many\n{NAMES[3]},"open\n'
    )
    assert read(put(tmp_path, content)) == [(1, ""), (2, None), (3, NAMES[1]), (5, None), (6, None)]


def test_a_line_that_is_too_long_is_left_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "MOST", 64)
    monkeypatch.setattr(csv_lines, "MOST", 64)
    long, short = json.dumps({"id": NAMES[0], "text": "a" * 150}), json.dumps({"id": NAMES[1]})
    path = put(tmp_path, f"{short}\n{long}\n{short}\n")
    assert read(path) == [(1, NAMES[1]), (2, None), (2, None), (2, None), (2, None), (3, NAMES[1])]
    assert b"".join(chain.from_iterable(part.content for part in parts_of(path))) == path.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        "Hola, no llegó mi pedido.",
        '{"text": "of nobody"}\n',
        '{\n  "id": "printed over several lines"\n}\n',
        '[{"id": "1"}]',
        "name,text\na,b\n",
        "message_id,text\n".encode("utf-16"),
        b"PAR1 no more",
        bytes(range(256)),
    ],
)
def test_what_no_export_wrote_is_refused(tmp_path: Path, content: bytes | str) -> None:
    with pytest.raises(ForeignError):
        Copy.open(put(tmp_path, content))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignError):
        Copy.open(tmp_path)
    with pytest.raises(FileNotFoundError):
        Copy.open(tmp_path / "absent")


@pytest.mark.parametrize("content", ["", " \n", "\ufeff"])
def test_an_empty_file_has_nobody_in_it(tmp_path: Path, content: str) -> None:
    assert {name for _, name in read(put(tmp_path, content))} <= {""}


def test_a_table_without_a_message_or_cut_short_is_told_apart(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "other")
    with pytest.raises(ForeignError):
        Copy.open(tmp_path / "other")
    path = put(tmp_path, exported("parquet", *NAMES))
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 300 + content[304:])
    with pytest.raises(DamagedError):
        parts_of(path)


@pytest.mark.parametrize("column", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_table_that_another_program_wrote_is_read(tmp_path: Path, column: pa.DataType) -> None:
    table = pa.table({"id": pa.array([NAMES[0], None], pa.string()).cast(column), "n": [1, 2]})
    pq.write_table(table, tmp_path / "file", compression="none")
    assert read(tmp_path / "file") == [(1, NAMES[0]), (2, None)]


def whole(form: TextForm, content: bytes) -> bytes:
    return b"".join(chain.from_iterable(part.content for part in form.parts(io.BytesIO(content))))


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3)), st.sampled_from(["jsonl", "csv"]))
def test_no_byte_of_a_text_is_lost_or_twice(lines: list[list[str]], form: str) -> None:
    content = "\n".join(",".join(line) for line in lines).encode()
    assert whole(JsonLines() if form == "jsonl" else Csv(",", 0, 3), content) == content


@given(
    st.sampled_from(["", "{", "[", "\ufeff", "message_id,text\n", 'id;"a\n', '{"id": "1"}\n']), st.binary(max_size=200)
)
def test_whatever_bytes_there_are_they_are_told_or_refused(begins: str, rest: bytes) -> None:
    content = begins.encode() + rest
    try:
        form = reading._form_of(io.BytesIO(content))
    except ForeignError:
        return
    assert isinstance(form, TextForm)
    assert whole(form, content) == content


@given(st.lists(st.lists(WORDS, min_size=2, max_size=2), min_size=1))
def test_what_is_quoted_is_read_as_it_was_written(texts: list[list[str]]) -> None:
    ids = [NAMES[number % 4] for number in range(len(texts))]
    cells = [[one, *text] for one, text in zip(ids, texts, strict=True)]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells]
    content = "\r\n".join(["message_id,text,other", *quoted]).encode()
    read_ids = [one for part in Csv(",", 0, 3).parts(io.BytesIO(content)) for one in part.ids]
    assert read_ids == ["", *ids]


def test_the_forms_are_all_that_the_service_writes() -> None:
    assert set(FORMATS) == {"csv", "jsonl", "parquet"}
    assert forms.COLUMNS == ("message_id", "id")
