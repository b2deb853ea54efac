import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import InputError
from classifier.formats import Format, format_of, open_records
from classifier.formats.lines import MAX_LINE
from classifier.records import BadRecord, Columns, Record

NO_NAMES = Columns()
JSONL, CSV, PARQUET = Format.JSONL, Format.CSV, Format.PARQUET


def read(
    content: bytes, file_format: Format, columns: Columns = NO_NAMES, warnings: list[str] | None = None
) -> list[Record | BadRecord]:
    warn = (lambda _: None) if warnings is None else warnings.append
    with open_records(io.BytesIO(content), file_format, columns, warn=warn) as reading:
        return list(reading.records)


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.jsonl", JSONL), ("a.NDJSON", JSONL), ("a.b.csv.gz", CSV), ("a.tsv", CSV), ("a.parquet", PARQUET)],
)
def test_the_ending_tells_the_format(name: str, expected: Format) -> None:
    assert format_of(Path(name)) is expected


@pytest.mark.parametrize("name", ["a", "a.xlsx", "a.json", "a.gz", "a.parquet.gz", ".jsonl"])
def test_an_unknown_ending_is_an_error_that_says_what_to_do(name: str) -> None:
    with pytest.raises(InputError, match="--format"):
        format_of(Path(name))


def test_json_lines_are_read_and_bad_ones_reported_in_their_place() -> None:
    content = b'{"id": "a", "text": "hola"}\n\n{"id": "b", "text":\n["x"]\n{"text": "oi", "language": "pt"}'
    assert read(content, JSONL) == [
        Record(1, "a", "hola"),
        BadRecord(3, None, "not valid JSON: Expecting value (column 20)"),
        BadRecord(4, None, 'not a JSON object such as {"id": "1", "text": "…"}'),
        Record(5, "5", "oi", "pt"),
    ]


def test_json_lines_that_are_not_utf8_too_deep_or_hold_huge_numbers_are_bad_records() -> None:
    deep = b"[" * 200_000
    huge = b'{"id": ' + b"9" * 5000 + b', "text": "a"}'
    reasons = [str(record) for record in read(b"\n".join([b'{"text": "\xff"}', deep, huge]), JSONL)]
    assert reasons == [
        "line 1: not UTF-8 (byte 11 of the line)",
        "line 2: not valid JSON: nested too deeply",
        "line 3: not valid JSON",
    ]


def test_lone_surrogates_and_nul_are_read() -> None:
    content = b'{"id": "\\ud800", "text": "a\\ud83d b"}\n{"id": "n", "text": "a\\u0000b"}'
    assert read(content, JSONL) == [Record(1, "\ud800", "a\ud83d b"), Record(2, "n", "a\x00b")]


def test_byte_order_marks_are_passed_over() -> None:
    assert read(b'\xef\xbb\xbf{"text": "a"}', JSONL) == [Record(1, "1", "a")]
    assert read(b"\xef\xbb\xbfid,text\n1,a", CSV) == [Record(2, "1", "a")]


@pytest.mark.parametrize("file_format", [JSONL, CSV])
def test_utf16_is_named(file_format: Format) -> None:
    with pytest.raises(InputError, match="UTF-16"):
        read("id,text\n1,hola".encode("utf-16"), file_format)


def test_very_long_lines_take_no_more_memory_than_the_limit() -> None:
    class Endless(io.RawIOBase):
        left = 8 * MAX_LINE

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            size = min(len(buffer), self.left)
            self.left -= size
            buffer[:size] = b"a" * size
            return size

    tracemalloc.start()
    with open_records(io.BufferedReader(Endless()), JSONL, Columns()) as reading:
        records = list(reading.records)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert records == [BadRecord(1, None, "the line is longer than 16 MiB")]
    assert peak < 3 * MAX_LINE


@pytest.mark.parametrize("file_format", [JSONL, CSV])
def test_a_text_of_five_megabytes_is_one_bad_record(file_format: Format) -> None:
    long = "a" * 5_000_000
    content = f'{{"text": "{long}"}}\n{{"text": "b"}}' if file_format is JSONL else f'text,x\n"{long}",1\nb,2\n'
    first, second = read(content.encode(), file_format)
    assert isinstance(first, BadRecord)
    assert "5,000,000 characters" in first.reason
    assert isinstance(second, Record)
    assert second.text == "b"


@given(st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=5))
def test_no_line_of_bytes_crashes_the_json_reader(lines: list[bytes]) -> None:
    content = b"\n".join([b"", *lines, b'{"text": "fin"}'])
    if content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        records = read(content, JSONL)
        assert records[-1] == Record(len(lines) + 2, str(len(lines) + 2), "fin")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("text"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_json_line_is_a_record_or_a_bad_one(value: object) -> None:
    (record,) = read(json.dumps(value).encode(), JSONL)
    assert isinstance(record, (Record, BadRecord))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_of_a_csv_file_is_found(delimiter: str) -> None:
    rows = [["id", "text", "a,b;c"], ["1", "uno, dos; tres\tcuatro", "x"]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    assert read(file.getvalue().encode(), CSV) == [Record(2, "1", rows[1][1])]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "ñ"])
def test_excel_may_declare_the_delimiter(delimiter: str) -> None:
    content = "sep=;\r\nid;text\r\n1;a·b\r\n".replace(";", delimiter)
    assert read(content.encode(), CSV) == [Record(3, "1", "a·b")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_blank_lines_before_the_header_hide_no_delimiter(delimiter: str) -> None:
    assert read(f"\n\r\nid{delimiter}text\n1{delimiter}hola\n".encode(), CSV) == [Record(4, "1", "hola")]


def test_a_column_alone_has_no_delimiter() -> None:
    assert read(b"text\nNo lleg\xc3\xb3, y ya van dos; nada\n", CSV) == [Record(2, "2", "No llegó, y ya van dos; nada")]


def test_rows_are_named_by_the_line_they_begin_at() -> None:
    content = b'id,text\n1,"uno\ndos"\n\n2,tres\n3\n4,a,b\n'
    assert read(content, CSV) == [
        Record(2, "1", "uno\ndos"),
        Record(5, "2", "tres"),
        BadRecord(6, "3", "the row has 1 cells, the header 2"),
        BadRecord(7, "4", "the row has 3 cells, the header 2"),
    ]


OPENED = "a quotation mark is opened here and never closed"


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_alone() -> None:
    content = b'id,text\n1,"u\nno"\n2,"dos\n3,tres\n4,cuatro'
    assert read(content, CSV) == [
        Record(2, "1", "u\nno"),
        BadRecord(4, "2", f"{OPENED}; the lines after it are read without it"),
        Record(5, "3", "tres"),
        Record(6, "4", "cuatro"),
    ]


def test_a_quotation_mark_that_is_never_closed_in_the_header_is_said() -> None:
    with pytest.raises(InputError, match=f"standard input is not valid CSV: {OPENED}"):
        read(b'id,text,"note\n1,hola,a\n2,hola,b\n', CSV)


def test_a_file_of_open_quotation_marks_is_given_up_at_last() -> None:
    content = "id,text\n" + '1,a","\n' * 300  # each line closes the one before and opens another
    found = read(content.encode(), CSV)
    assert [row.line for row in found] == list(range(2, 103))
    assert isinstance(found[-1], BadRecord)
    assert found[-1].reason == f"{OPENED}, like others before; nothing after it is read"


def test_what_a_customer_wrote_is_not_told_where_the_header_is_missing() -> None:
    with pytest.raises(InputError, match="header") as told:
        read("1,Soy Ana Pérez y me cobraron\n".encode(), CSV)
    assert "Ana" not in str(told.value)
    with pytest.raises(InputError, match="'ID', 'Fecha de alta', 'mensaje'"):
        read(b"ID,Fecha de alta,mensaje\n1,2,3\n", CSV)


def test_windows_1252_is_understood_with_one_warning() -> None:
    warnings: list[str] = []
    content = "id,text\n1,reclamação\n2,não\n".encode("cp1252")
    assert read(content, CSV, warnings=warnings) == [Record(2, "1", "reclamação"), Record(3, "2", "não")]
    assert warnings == ["standard input: line 2 is not UTF-8; such lines are read as Windows-1252"]


@pytest.mark.parametrize("content", [b"\r\x00", b"\rid,text\x00", b'a\r"b,text'])
def test_a_header_that_breaks_off_is_said(content: bytes) -> None:
    with pytest.raises(InputError, match=r"not valid CSV|has no column"):
        read(content, Format.CSV)


def test_nul_in_csv_is_read() -> None:
    assert read(b"id,text\n1,a\x00b\n2,c\n", CSV) == [Record(2, "1", "a\x00b"), Record(3, "2", "c")]


@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.text(max_size=30)).map(
            lambda row: tuple(cell.replace("\r", "").encode("utf-8", "ignore").decode() for cell in row)
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("id", "text"), *rows])
    records = read(file.getvalue().encode(), CSV)
    assert [(r.id, r.text) for r in records if isinstance(r, Record)] == [
        (name or str(record.line), text) for (name, text), record in zip(rows, records, strict=True)
    ]


@pytest.mark.parametrize(
    "content", [b"ticket,body\n1,hola\n", parquet(ticket=["1"], body=["hola"])], ids=["csv", "parquet"]
)
def test_a_missing_column_is_an_error_that_names_those_there(content: bytes) -> None:
    file_format = CSV if content[:4] == b"tick" else PARQUET
    with pytest.raises(InputError, match="no column 'text'; it has 'ticket', 'body'"):
        read(content, file_format)
    with pytest.raises(InputError, match="no column 'número'"):
        read(content, file_format, Columns(id="número", text="body"))
    (record,) = read(content, file_format, Columns(text="body"))
    assert record.line == (2 if file_format is CSV else 1)


@pytest.mark.parametrize("file_format", [JSONL, CSV])
@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\n \n"])
def test_nothing_in_it_gives_no_records(content: bytes, file_format: Format) -> None:
    if not (file_format is CSV and content == b"\n \n"):
        assert read(content, file_format) == []


def test_a_header_alone_gives_no_records() -> None:
    assert read(b"id,text\n", CSV) == []
    assert read(parquet(id=pa.array([], pa.string()), text=pa.array([], pa.string())), PARQUET) == []


def test_parquet_is_read_row_by_row() -> None:
    content = parquet(id=[1, 2, None], text=["uno", None, "três"], language=["es", "es", "pt"], other=[1.0, 2.0, 3.0])
    assert read(content, PARQUET) == [
        Record(1, "1", "uno", "es"),
        BadRecord(2, "2", "'text' must be a string, not null"),
        Record(3, "3", "três", "pt"),
    ]


class Watched(io.BytesIO):
    """A file that remembers the most that was read of it at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.most = max(self.most, len(found))
        return found


def test_a_parquet_file_of_one_group_is_read_piece_by_piece() -> None:
    texts = [f"{number} " + f"el pedido {number * 7919} no llega " * 8 for number in range(20_000)]
    content = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), content, compression="none", use_dictionary=False)
    assert pq.ParquetFile(content).metadata.num_row_groups == 1
    file = Watched(content.getvalue())

    with open_records(file, PARQUET, NO_NAMES, warn=lambda _: None) as reading:
        assert next(reading.records) == Record(1, "1", texts[0])

    assert len(content.getvalue()) > 4 * 2**20
    assert file.most <= 2**20


def test_parquet_with_text_that_is_not_utf8_has_one_bad_record() -> None:
    broken = pa.array([b"uno", b"d\xffs"]).view(pa.string())
    first, second = read(parquet(text=broken), PARQUET)
    assert first == Record(1, "1", "uno")
    assert second == BadRecord(2, None, "'text' is not UTF-8 (byte 1)")


def named_wrongly() -> bytes:
    """Return a Parquet file that has a column whose name is not UTF-8."""
    file = io.BytesIO()
    pq.write_table(pa.table({"texto": ["a"]}), file, store_schema=False)
    return file.getvalue().replace(b"texto", b"\x80exto")


@pytest.mark.parametrize("content", [b"", b"id,text\n1,hola\n", b"PAR1PAR1", parquet(text=["a"])[:-6], named_wrongly()])
def test_what_is_no_parquet_is_said(content: bytes) -> None:
    with pytest.raises(InputError, match="not a Parquet file"):
        read(content, PARQUET)


def test_gzip_is_unpacked_and_damage_is_named() -> None:
    packed = gzip.compress(b'{"text": "a"}\n' * 5000)
    assert len(read(packed, JSONL)) == 5000
    with pytest.raises(InputError, match="damaged"):
        read(packed[:-20], JSONL)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"), open_records(tmp_path / "no.jsonl", JSONL, Columns()):
        pass
    with pytest.raises(InputError, match="can't open"), open_records(tmp_path, JSONL, Columns()):
        pass


@pytest.mark.parametrize("file_format", [JSONL, CSV, PARQUET])
def test_how_far_a_file_was_read_is_known(tmp_path: Path, file_format: Format) -> None:
    path = tmp_path / "messages"
    texts = ["hola " * 20] * 2000
    contents = {
        JSONL: "".join(f'{{"text": "{text}"}}\n' for text in texts).encode(),
        CSV: b"text,id\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts)).encode(),
        PARQUET: parquet(text=texts),
    }
    path.write_bytes(contents[file_format])
    with open_records(path, file_format, Columns()) as reading:
        seen = list(_fractions(reading.records, reading.fraction))
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.5
    assert seen[-1] == 1


def _fractions(records: Iterator[object], fraction: object) -> Iterator[float]:
    for _ in records:
        yield fraction()  # type: ignore[operator]
