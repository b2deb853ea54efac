import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from classifier.cli import app
from tests.conftest import INTERRUPTIBLE

SPANISH = "El pedido llegó roto y nadie me contesta. Quiero que me devuelvan los 350 euros."
PORTUGUESE = "Comprei há um mês e até agora não recebi nada."
RECUPERA = [sys.executable, "-c", INTERRUPTIBLE]


@pytest.fixture
def recupera(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECUPERA_MODEL", str(tiny_model))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: object, given: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments], input=given, prog_name="recupera")

    return run


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "messages.jsonl"
    rows = [{"id": "a", "text": SPANISH}, {"text": PORTUGUESE, "language": "pt-BR"}, {"id": "c", "text": ""}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_gives_one_object_a_record_in_its_order(recupera, messages: Path) -> None:
    result = recupera("classify", messages)
    assert result.exit_code == 0, result.stderr
    first, second, third = lines(result.stdout)
    assert [first["id"], second["id"], third["id"]] == ["a", "2", "c"]
    assert [first["language"], second["language"], third["language"]] == ["es", "pt", None]
    assert first["facts"][-1]["text"] == "350 euros"
    assert third["review"] == {"needed": True, "reasons": ["no_text"]}
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["-", None])
def test_standard_input_is_json_lines(recupera, messages: Path, name: str | None) -> None:
    result = recupera("classify", *([name] if name else []), "--fast", given=messages.read_bytes())
    assert [line["id"] for line in lines(result.stdout)] == ["a", "2", "c"]


def test_standard_input_may_be_csv_or_parquet(recupera, tmp_path: Path) -> None:
    assert lines(recupera("classify", "-", "--format", "csv", given="id,text\n7,hola\n").stdout)[0]["id"] == "7"
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"id": ["8"], "text": ["hola"]}), path)
    done = subprocess.run(
        [*RECUPERA, "classify", "-", "--format", "parquet"],
        input=path.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["id"] == "8"


def test_bad_records_are_reported_and_the_rest_goes_on(recupera, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(
        '{"id": "a", "text": "hola"}\n{"id": "b", "text"\n{"id": "c", "text": 1}\n{"id": "d", "text": "x"}\n'
    )
    result = recupera("classify", path, "--output", tmp_path / "o.jsonl")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "line 2: not valid JSON: Expecting ':' delimiter (column 19)",
        "line 3: 'text' must be a string, not a number",
        "2 of 4 records could not be classified",
    ]
    written = lines((tmp_path / "o.jsonl").read_text())
    assert [line["id"] for line in written] == ["a", None, "c", "d"]
    assert written[2] == {"id": "c", "error": "line 3: 'text' must be a string, not a number"}


@pytest.mark.parametrize("source", ["csv", "parquet", "jsonl.gz"])
@pytest.mark.parametrize("target", ["jsonl", "csv", "parquet"])
def test_every_format_becomes_every_other(recupera, tmp_path: Path, source: str, target: str) -> None:
    table = pa.table({"ticket": ["a", "b"], "body": [SPANISH, PORTUGUESE], "idioma": ["es", None]})
    path, output = tmp_path / f"m.{source}", tmp_path / f"o.{target}"
    if source == "parquet":
        pq.write_table(table, path)
    elif source == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter=";").writerows(
                [table.column_names, *(row.values() for row in table.to_pylist())]
            )
    else:
        import gzip

        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()))
    columns = ("--id-column", "ticket", "--text-column", "body", "--language-column", "idioma")
    result = recupera("classify", path, "-o", output, "--fast", *columns)
    assert result.exit_code == 0, result.stderr
    if target == "parquet":
        rows = pq.read_table(output).to_pylist()
    elif target == "csv":
        rows = list(csv.DictReader(output.read_text().splitlines()))
    else:
        rows = lines(output.read_text())
    assert [row["id"] for row in rows] == ["a", "b"]
    assert [row["language"] for row in rows] == ["es", "pt"]


def test_fast_leaves_the_evidence_out_unless_it_is_asked_for(recupera, tiny_model: Path, tmp_path: Path) -> None:
    given = json.dumps({"text": SPANISH}) + "\n"
    shipped = ("--model", Path(__file__).parents[2] / "models" / "recupera-es-pt")
    assert lines(recupera("classify", "-", *shipped, given=given).stdout)[0]["evidence"]
    assert not lines(recupera("classify", "-", "--fast", *shipped, given=given).stdout)[0]["evidence"]
    assert lines(recupera("classify", "-", "--fast", "--evidence", *shipped, given=given).stdout)[0]["evidence"]
    no_facts = lines(recupera("classify", "-", "--no-facts", "--accurate", "--threads", 1, given=given).stdout)[0]
    assert no_facts["facts"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.jsonl"], "there is no file no.jsonl"),
        (["m.txt"], "can't tell the format of m.txt by its ending: use .jsonl, .csv or .parquet, or --format"),
        (["-", "--text", "hola"], "give a file or --text, not both"),
        (["-", "--fast", "--accurate"], "choose --fast or --accurate, not both"),
        (["-", "--model", "no"], "no model directory at no (from --model)"),
        (["-", "--output", "no/o.jsonl"], "there is no folder"),
        (["--text", "x" * 20_001], "text has 20,001 characters; the limit is 20,000: split it or cut it"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_status_2(recupera, arguments: list[str], message: str) -> None:
    result = recupera("classify", *arguments, given='{"text": "hola"}\n')
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_a_missing_column_leaves_no_output(recupera, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,body\n1,hola\n")
    result = recupera("classify", tmp_path / "m.csv", "-o", tmp_path / "o.csv")
    assert result.exit_code == 2
    assert "no column 'text'; it has 'id', 'body'" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_the_input_is_not_overwritten(recupera, messages: Path) -> None:
    before = messages.read_bytes()
    assert recupera("classify", messages, "-o", messages).exit_code == 2
    assert messages.read_bytes() == before


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_nothing_in_gives_nothing_out(recupera, tmp_path: Path, content: str) -> None:
    result = recupera("classify", "-", "-o", tmp_path / "o.jsonl", given=content)
    assert result.exit_code == 0
    assert result.stderr == "standard input has no records: nothing written\n"
    assert list(tmp_path.iterdir()) == []


def test_one_text_gives_a_card_or_json(recupera) -> None:
    card = recupera("classify", "--text", SPANISH, "--lang", "pt").stdout
    assert "punto de contacto" not in card
    assert "ponto de contato" in card
    assert "\x1b" not in card
    assert lines(recupera("classify", "--text", SPANISH, "--json").stdout)[0]["language"] == "es"
    assert recupera("classify", "--text", "").exit_code == 0


@pytest.mark.parametrize(("locale", "words"), [("es_MX.UTF-8", "punto de contacto"), ("fr_FR", "touchpoint")])
def test_the_card_speaks_the_users_language(recupera, monkeypatch: pytest.MonkeyPatch, locale: str, words: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert words in recupera("classify", "--text", SPANISH).stdout


def test_one_text_can_go_to_a_file(recupera, tmp_path: Path) -> None:
    assert recupera("classify", "--text", SPANISH, "-o", tmp_path / "o.jsonl").exit_code == 0
    assert lines((tmp_path / "o.jsonl").read_text())[0]["language"] == "es"


def test_version_and_help(recupera) -> None:
    assert recupera("--version").stdout.startswith("recupera ")
    overview = recupera("--help").stdout
    assert overview.index("classify") < overview.index("train")
    assert "Example" in recupera("classify", "--help").stdout


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom classifier.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'fastapi', 'openvino', 'spacy', 'numpy', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_classify_imports_neither_the_service_nor_training(messages: Path, tiny_model: Path) -> None:
    code = (
        "import sys\nfrom classifier.cli import app\n"
        f"try: app(['classify', {str(messages)!r}, '--model', {str(tiny_model)!r}])\nexcept SystemExit: pass\n"
        "heavy = {'fastapi', 'transformers', 'api', 'training'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def many(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"id": i, "text": SPANISH}) + "\n" for i in range(count)))
    return path


@pytest.mark.acceptance
def test_a_closed_pipe_ends_it_quietly(tmp_path: Path, tiny_model: Path) -> None:
    path = many(tmp_path / "m.jsonl", 2000)
    command = [*RECUPERA, "classify", str(path), "--fast", "--model", str(tiny_model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["id"] == "0"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [("--version",), ("classify", "--help"), ("classify", "FILE", "--fast")])
def test_an_output_that_is_full_is_said(arguments: tuple[str, ...], tmp_path: Path, tiny_model: Path) -> None:
    file = many(tmp_path / "m.jsonl", 300)
    command = [*RECUPERA, *(str(file) if argument == "FILE" else argument for argument in arguments)]
    environment = os.environ | {"RECUPERA_MODEL": str(tiny_model)}
    with FULL.open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment)
    assert (done.returncode, done.stderr) == (2, b"error: the output can't be written: No space left on device\n")


@pytest.mark.acceptance
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)])
def test_a_signal_leaves_no_half_file(tmp_path: Path, tiny_model: Path, number: int, status: int) -> None:
    many(tmp_path / "m.jsonl", 20_000)
    output = tmp_path / "o.jsonl"
    command = [*RECUPERA, "classify", str(tmp_path / "m.jsonl"), "-o", str(output), "--model", str(tiny_model)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        _wait_for(lambda: any(path.suffix == ".part" and path.stat().st_size for path in tmp_path.iterdir()))
        os.kill(process.pid, number)
        assert process.stderr
        told = process.stderr.read().decode()
        assert process.wait(60) == status
    assert not output.exists()
    if number == signal.SIGINT:
        assert told.endswith("records are kept, run the same command again to go on\n")
    else:
        assert told == ""
    assert sorted(path.name for path in tmp_path.glob(".*")) == [".o.jsonl.journal", ".o.jsonl.part"]


def _wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
