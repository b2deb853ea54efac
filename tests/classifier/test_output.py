import csv
import gzip
import io
import json
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from classifier import Classification, ComplaintClassifier
from classifier.errors import InputError
from classifier.formats import Format
from classifier.formats.flat import FIELDS, flatten
from classifier.formats.jsonlines import encode_json
from classifier.formats.output import check_output, open_writer
from classifier.records import BadRecord

SPANISH = "El pedido llegó roto, llamé tres veces y nadie me contesta. Quiero que me devuelvan los 350 euros."
BAD = BadRecord(2, None, "not valid JSON")


@pytest.fixture(scope="module")
def results(tiny: ComplaintClassifier) -> list[Classification | BadRecord]:
    first, last = tiny.predict([SPANISH, "Guten Tag, wo ist meine Bestellung?"], ids=["a", "\ud800"], evidence=True)
    return [first, BAD, last]


def written(results: list[Classification | BadRecord], path: Path) -> Path:
    with open_writer(path, check_output(path, None)) as writer:
        for result in results:
            writer.write(result)
    return path


def test_json_lines_are_the_contracts_objects(results: list[Classification | BadRecord], tmp_path: Path) -> None:
    lines = written(results, tmp_path / "o.jsonl").read_bytes().decode("utf-8").splitlines()
    assert Classification.from_dict(json.loads(lines[0])) == results[0]
    assert json.loads(lines[1]) == {"id": None, "error": "line 2: not valid JSON"}
    assert json.loads(lines[2])["id"] == "\ud800"


def test_packed_if_the_ending_says_so(results: list[Classification | BadRecord], tmp_path: Path) -> None:
    packed = written(results, tmp_path / "o.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == written(results, tmp_path / "o.jsonl").read_bytes()


def test_csv_has_one_row_a_result(results: list[Classification | BadRecord], tmp_path: Path) -> None:
    content = written(results, tmp_path / "o.csv").read_text(encoding="utf-8")
    first, second, third = csv.DictReader(io.StringIO(content, newline=""))
    assert list(first) == [field.name for field in FIELDS]
    expected = flatten(results[0])
    assert first["id"] == "a"
    assert first["touchpoint"] == expected["touchpoint"]
    assert float(first["language_probability"]) == expected["language_probability"]
    assert json.loads(first["facts"])[-1]["value"] == {"currency": "EUR", "amount": "350.00"}
    assert second["error"] == "line 2: not valid JSON"
    assert third["id"] == r"\ud800"
    assert third["complaint"] == ""
    assert third["review_reasons"] == "language"


def test_parquet_has_the_same_columns_with_types(results: list[Classification | BadRecord], tmp_path: Path) -> None:
    table = pq.read_table(written(results, tmp_path / "o.parquet"))
    assert table.column_names == [field.name for field in FIELDS]
    rows = table.to_pylist()
    assert {k: v for k, v in rows[0].items() if k != "id"} == {
        k: v for k, v in flatten(results[0]).items() if k != "id"
    }
    assert rows[1]["error"] == "line 2: not valid JSON"
    assert rows[2]["id"] == r"\ud800"
    assert rows[2]["severity_score"] is None


@pytest.mark.parametrize(
    ("name", "cell"),
    [("=1+1", "'=1+1"), ("@a", "'@a"), ("+a", "'+a"), ("-5", "-5"), ("+34 600 000", "+34 600 000"), ("a=b", "a=b")],
)
def test_no_cell_is_a_formula(name: str, cell: str, tmp_path: Path) -> None:
    rows = csv.reader(io.StringIO(written([BadRecord(1, name, "x")], tmp_path / "o.csv").read_text()))
    assert list(rows)[1][0] == cell


def test_a_file_takes_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text("before")
    path.chmod(0o640)

    def interrupted() -> None:
        with open_writer(path, Format.JSONL) as writer:
            writer.write(BAD)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    written([BAD], path)
    assert json.loads(path.read_text())["error"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "o.jsonl")
    written([BAD], tmp_path / "link.jsonl")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert (tmp_path / "o.jsonl").is_file()


def test_devices_are_written_directly() -> None:
    null = Path("/dev/null")
    written([BAD], null)
    assert null.is_char_device()


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.touch()
    (tmp_path / "link.jsonl").symlink_to(path)
    for output in (path, tmp_path / "link.jsonl", tmp_path / "." / "m.jsonl"):
        with pytest.raises(InputError, match="is the input"):
            check_output(output, path)


def test_what_can_not_be_written_is_said_before(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        check_output(tmp_path / "no" / "o.jsonl", None)
    with pytest.raises(InputError, match="is a folder"):
        check_output(tmp_path, None)
    with pytest.raises(InputError, match=r"\.jsonl, \.csv or \.parquet"):
        check_output(tmp_path / "o.xlsx", None)


def test_json_is_valid_utf8_whatever_it_holds() -> None:
    content = {"id": "\ud800x\udfff", "text": "ação 😀 \u2028"}
    assert json.loads(encode_json(content).decode("utf-8")) == content
