"""``recupera benchmark``."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifier import ComplaintClassifier
from classifier.cli import app
from training.speed import ROUNDS, TURNS_A_WAY, measure

TEXTS = ["No llegó mi pedido y nadie me contesta.", "O produto veio quebrado, quero meu dinheiro.", "Gracias por todo."]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["benchmark", *map(str, arguments)])


def test_each_way_has_its_turns_and_the_ranges_hold_the_median(tiny: ComplaintClassifier) -> None:
    turns: list[int] = []
    found = measure(tiny, TEXTS, 0.6, turns.append)
    assert [way.name for way in found] == ["labels", "labels, facts", "labels, facts, evidence"]
    assert sum(turns) == len(found) * TURNS_A_WAY
    for way in found:
        assert 0 < way.low <= way.per_second <= way.high
        assert way.hours_a_million == pytest.approx(1e6 / way.per_second / 3600)
        assert way.texts >= 1
        assert way.small == 0
    assert ROUNDS >= 5


def test_a_file_is_measured_and_told_as_json(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "body"), *enumerate(TEXTS)])
    result = run(path, "--text-column", "body", "--model", tiny_model, "--seconds", 1, "--price", 2, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["model"] == "tiny 0.0.1"
    assert said["texts"] == 3
    assert said["one_text_ms"]["p50"] <= said["one_text_ms"]["p99"]
    for way in said["ways"]:
        assert way["price_a_million"] == pytest.approx(2 * way["hours_a_million"])


def test_without_a_file_ours_are_measured(tiny_model: Path) -> None:
    result = run("--model", tiny_model, "--seconds", 1)
    assert result.exit_code == 0, result.output
    assert "tiny 0.0.1" in result.stdout
    assert "evidence" in result.stdout
    assert "one text alone" in result.stdout
    assert "price" not in result.stdout


def test_a_file_without_messages_is_named(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    result = run(path, "--model", tiny_model)
    assert result.exit_code != 0
    assert "empty.jsonl" in str(result.exception) + result.output
