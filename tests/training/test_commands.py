import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifier import ComplaintClassifier
from classifier.artifact import Artifact
from classifier.cli import app
from tests.conftest import CORPORA, TINY
from training.config import to_toml
from training.corpus import text_hash


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="recupera")


@pytest.mark.training
def test_train_writes_a_model_that_classifies(tmp_path: Path) -> None:
    optimizer = TINY.optimizer.model_copy(update={"epochs": 1})
    (tmp_path / "run.toml").write_text(to_toml(TINY.model_copy(update={"optimizer": optimizer})))
    result = run("train", tmp_path / "run.toml", "--data", CORPORA, "--output", tmp_path / "model")
    assert result.exit_code == 0, result.output
    assert "severity kappa" in result.output
    assert ComplaintClassifier.from_pretrained(tmp_path / "model").predict("No llegó.")[0].model.name == "tiny"


def test_a_configuration_with_a_mistake_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[runn]\n")
    result = run("train", tmp_path / "run.toml", "--output", tmp_path / "model")
    assert result.exit_code == 2
    assert "runn" in result.stderr
    assert "Traceback" not in result.stderr


def test_evaluate_prints_a_table_or_json(tiny_model: Path) -> None:
    corpus = CORPORA / "validation.jsonl"
    table = run("evaluate", corpus, "--model", tiny_model)
    assert "justice macro-F1" in table.output
    scores = json.loads(run("evaluate", corpus, "--model", tiny_model, "--json").stdout)
    assert scores["all"]["messages"] == 200
    assert set(scores) == {"all", "es", "pt"}


def test_evaluate_joins_standoff_labels_to_their_texts(tiny_model: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()[:20]]
    labels = [{k: row[k] for k in ("id", "source", "labels")} | {"sha256": text_hash(row["text"])} for row in rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    arguments = ("evaluate", tmp_path / "labels.jsonl", "--model", tiny_model, "--json", "--texts")
    assert json.loads(run(*arguments, CORPORA / "validation.jsonl").stdout)["all"]["messages"] == 20
    nothing = run(*arguments, CORPORA / "rare.jsonl")
    assert nothing.exit_code == 2
    assert "no labelled messages" in nothing.stderr


def test_evaluate_measures_robustness_and_faithfulness_if_asked_to(tiny_model: Path, tmp_path: Path) -> None:
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()[:12]
    (tmp_path / "few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    shutil.copytree(tiny_model, model := tmp_path / "model")
    arguments = ("evaluate", tmp_path / "few.jsonl", "--model", model, "--robustness", "--faithfulness")
    found = json.loads(run(*arguments, "--json", "--report", tmp_path / "page.html", "--card").stdout)
    assert found["all"]["messages"] == 12
    assert {item["perturbation"] for item in found["robustness"]["stability"]} >= {"lower case", "cities"}
    assert {item["task"] for item in found["faithfulness"]["figures"]} == {"severity", "motive", "justice"}
    figures = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert (figures["robustness"], figures["faithfulness"]) == (found["robustness"], found["faithfulness"])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for title in ("Robustness", "Gaps between groups", "Faithfulness of the evidence"):
        assert f"<h2>{title}" in page
    kept = Artifact.load(model).metrics()
    assert kept["robustness"] == found["robustness"] | {"file": "few.jsonl"}
    assert kept["coverage"]["few.jsonl"]["tasks"].keys() == {"complaint", "motive", "severity", "justice"}
    assert kept["validation"] == Artifact.load(tiny_model).metrics()["validation"]
    for name, heading in (("README.md", "Gaps"), ("README.es.md", "Diferencias"), ("README.pt.md", "Diferenças")):
        assert f"\n## {heading} " in (model / name).read_text(encoding="utf-8")
    table = run(*arguments).output
    assert "robustness" in table
    assert "faithfulness of the evidence" in table


def test_peers_are_for_the_cards(tmp_path: Path) -> None:
    alone = run("evaluate", CORPORA / "validation.jsonl", "--peers", tmp_path / "report.json")
    assert alone.exit_code == 2
    assert "--card" in alone.stderr
    absent = run("evaluate", CORPORA / "validation.jsonl", "--card", "--peers", tmp_path / "report.json")
    assert absent.exit_code == 2
    assert "report.json" in absent.stderr
