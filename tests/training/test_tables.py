import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.errors import InputError
from training.config import TrainingConfig, read_config, to_toml
from training.corpus import text_hash
from training.pipeline import Places, read_corpora
from training.tables import read_table

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
