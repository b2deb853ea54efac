import json
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.errors import InputError
from training.config import TrainingConfig, read_config, to_toml
from training.corpus import text_hash
from training.pipeline import Places, read_corpora
from training.tables import read_table, rows_of

HEADER = "id,text,language,complaint,motive,severity,justice,tone"
ROWS = [
    'a,"No llegó el pedido, exijo mi dinero",es,sí,restitución; altruismo,alta,outcome,calm',
    "b,Tudo certo obrigado pela ajuda,pt,não,,,,calmo",
    "c,El técnico no vino y perdí la mañana entera esperando,,true,venting,moderate,procedural,",
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def written(folder: Path, *rows: str, header: str = HEADER) -> str:
    (folder / "mine.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(folder / "mine.csv")


def test_labels_are_read_by_id_or_by_name_in_any_language(tmp_path: Path) -> None:
    first, second, third = read_table(written(tmp_path, *ROWS), {})
    assert first.labels == {
        "complaint": True,
        "motive": ["restitution", "altruism"],
        "severity": "high",
        "justice": ["outcome"],
        "tone": "calm",
    }
    assert second.labels == {"complaint": False, "tone": "calm"}
    assert (third.language, third.labels["motive"], "tone" in third.labels) == ("es", ["venting"], False)


def test_columns_of_other_names(tmp_path: Path) -> None:
    source = written(tmp_path, "No funciona la aplicación,1", header="mensaje,queja")
    (only,) = read_table(source, {"text": "mensaje", "complaint": "queja"})
    assert only.text == "No funciona la aplicación"
    assert only.labels == {"complaint": True}
    with pytest.raises(InputError, match=r"no column 'texto'; there are 'mensaje', 'queja'"):
        read_table(source, {"text": "texto"})


def test_parquet_with_lists(tmp_path: Path) -> None:
    table = pa.table({"text": ["No llegó nada de nada"], "complaint": [True], "motive": [["venting", "improvement"]]})
    pq.write_table(table, tmp_path / "mine.parquet")
    (only,) = read_table(str(tmp_path / "mine.parquet"), {})
    assert only.labels["motive"] == ["venting", "improvement"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,No llegó,es,sí,restitution,grave,outcome,calm", r"row 2: column severity: 'grave' is none of low"),
        ("a,No llegó,es,,restitution,high,outcome,calm", r"row 2: column 'complaint' is empty"),
        (
            "a,The parcel never came,,yes,restitution,high,outcome,calm",
            r"row 2: column 'language' must be one of es, pt",
        ),
        ("a,,es,yes,restitution,high,outcome,calm", r"row 2: text must be a string that is not empty"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_table(written(tmp_path, ROWS[0], row), {})


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"not a table")
    with pytest.raises(InputError, match=r"broken\.parquet can't be read as a table"):
        read_table(str(tmp_path / "broken.parquet"), {})


def test_a_run_on_a_table_and_on_standoff_labels_of_one(tmp_path: Path) -> None:
    written(tmp_path, *(f"{i},El pedido {i} no llegó a casa,es,yes,venting,low,outcome,calm" for i in range(60)))
    text = "El pedido 7 no llegó a casa"
    labels = {"source": None, "id": 7, "sha256": text_hash(text), "labels": {"complaint": True}}
    (tmp_path / "labels.jsonl").write_text(json.dumps(labels))
    config = TrainingConfig.model_validate(
        {
            "run": {"name": "mine", "version": "1"},
            "data": {
                "validation_fraction": 0.3,
                "corpus": [
                    {"path": "mine.csv", "format": "table", "columns": {"text": "text"}},
                    {"path": "labels.jsonl", "format": "standoff", "texts": "other.csv", "role": "train"},
                ],
            },
        }
    )
    (tmp_path / "other.csv").write_text(f"id,text,lang\n7,{text},es\n", encoding="utf-8")
    training, validation = read_corpora(config, Places(tmp_path, None, tmp_path))
    assert 0 < len(validation) < 30
    assert sum(e.labels == {"complaint": True} for e in training) in (0, 1)
    (tmp_path / "run.toml").write_text(to_toml(config))
    assert read_config(tmp_path / "run.toml") == config


TEXTS = (
    "Me cobraron dos veces y nadie me devuelve el dinero.",
    "Gracias, todo llegó perfecto.",
    "Faz um mês que espero meu reembolso e nada.",
)


@pytest.mark.parametrize(("separator", "ending"), [(",", "csv"), (";", "csv"), ("\t", "csv"), ("\t", "tsv")])
def test_cells_are_the_text_that_stands_there(tmp_path: Path, separator: str, ending: str) -> None:
    rows = [
        ("\N{ZERO WIDTH NO-BREAK SPACE}id", "text", "complaint", "guarantee", "conduct", "family", ""),
        ("90071992547409931", TEXTS[0], "1", "1", "None", "007"),
        ("90071992547409933", f'"{TEXTS[1]}"', "0", ""),
        ("", "", "", "", "", ""),
        ("", TEXTS[2], "1", "0", "none", "", ""),
        ("A-1", "NA, pero el pedido no llegó".replace(separator, ""), "1", "", "", "null"),
    ]
    path = tmp_path / f"mine.{ending}"
    path.write_text("\n".join(separator.join(row) for row in rows) + "\n", encoding="utf-8")
    found = read_table(str(path), {})
    assert [e.id for e in found] == ["90071992547409931", "90071992547409933", "3", "A-1"]
    assert [e.labels.get("guarantee") for e in found] == [True, None, False, None]
    assert [e.labels.get("conduct") for e in found] == ["none", None, "none", None]
    assert (found[0].family, found[3].family, found[2].family) == ("007", "null", text_hash(TEXTS[2].casefold()))


def test_ids_may_change_their_kind_far_down(tmp_path: Path) -> None:
    rows = [f"{i},El pedido {i} no llegó a casa,yes" for i in range(10_005)]
    source = written(tmp_path, *rows, "A-1,El último no llegó a casa,no", header="id,text,complaint")
    found = [row["id"] for _, row in rows_of(source)]
    assert (len(found), found[0], found[-1]) == (10_006, "0", "A-1")


@pytest.mark.parametrize(("encoding", "end"), [("utf-16", "\r\n"), ("utf-8", "\r"), ("utf-16", "\r")])
def test_a_table_may_be_saved_as_unicode_text_or_for_the_macintosh(tmp_path: Path, encoding: str, end: str) -> None:
    lines = ["id\ttext\tcomplaint", f'7\t"{TEXTS[0]}"\tsí', f"8\t{TEXTS[2]}\tsim"]
    (tmp_path / "mine.csv").write_bytes((end.join(lines) + end).encode(encoding))
    assert [(e.id, e.text) for e in read_table(str(tmp_path / "mine.csv"), {})] == [("7", TEXTS[0]), ("8", TEXTS[2])]


def test_what_is_no_unicode_after_all_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes("id;text\n".encode("utf-16") + b"\x00")
    with pytest.raises(InputError, match=r"mine\.csv begins as UTF-16 and is not"):
        read_table(str(tmp_path / "mine.csv"), {})


def test_a_table_of_an_old_spreadsheet_is_read_saying_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "mine.csv").write_bytes(f"sep=;\r\ntext;complaint\r\n{TEXTS[2]};sim\r\n".encode("cp1252"))
    with caplog.at_level(logging.WARNING):
        (only,) = read_table(str(tmp_path / "mine.csv"), {})
    assert only.text == TEXTS[2]
    assert "mine.csv is not UTF-8: read as Windows-1252" in caplog.text


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"a,{TEXTS[1]},yes", "row 1: it has 4 cells, the header 3"),
        (f'a,"{TEXTS[0]},yes', r"mine\.csv, line 2: not valid CSV: a quotation mark is opened here and never closed"),
        (f"a,{TEXTS[0]},?", "row 1: column complaint: '\\?' is none of yes"),
    ],
)
def test_rows_that_do_not_fit_are_named(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_table(written(tmp_path, row, header="id,text,complaint"), {})


def test_numbers_with_gaps_in_parquet(tmp_path: Path) -> None:
    gap = float("nan")
    columns = {"id": [7.0, gap], "text": list(TEXTS[::2]), "complaint": [1.0, 1.0], "guarantee": [1.0, gap]}
    pq.write_table(pa.table(columns), tmp_path / "mine.parquet")
    first, second = read_table(str(tmp_path / "mine.parquet"), {})
    assert (first.id, first.labels) == ("7", {"complaint": True, "guarantee": True})
    assert (second.id, second.labels) == ("2", {"complaint": True})


def test_every_column_may_have_another_name(tmp_path: Path) -> None:
    source = written(tmp_path, f"{TEXTS[0]},sí,hilo 1,web,es-MX", header="texto,queja,hilo,canal,país")
    names = {"text": "texto", "complaint": "queja", "family": "hilo", "channel": "canal", "variety": "país"}
    (only,) = read_table(source, names)
    assert (only.family, only.channel, only.variety) == ("hilo 1", "web", "es-MX")
