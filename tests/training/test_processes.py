"""Two processes, started as the guide says, learn what one learns, and write one model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from classifier import ComplaintClassifier
from tests.conftest import CORPORA, TINY
from tests.training.processes import messages, trained
from training.config import to_toml

ROOT = Path(__file__).parents[2]


LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)


def launched(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Start what the arguments say in two processes, and wait for both."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "COLUMNS": "200",
    }
    return subprocess.run([*LAUNCH, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.training
def test_the_command_learns_from_a_teacher_that_is_asked_once(tiny_model: Path, tmp_path: Path) -> None:
    lines = (CORPORA / "pt-br.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "few.jsonl").write_text("".join(lines[:40]), "utf-8")
    few = TINY.data.model_copy(update={"corpus": (TINY.data.corpus[0].model_copy(update={"path": "few.jsonl"}),)})
    taught = TINY.distillation.model_copy(update={"teacher": str(tiny_model)})
    once = TINY.optimizer.model_copy(update={"epochs": 1})
    config = TINY.model_copy(update={"data": few, "distillation": taught, "optimizer": once})
    (tmp_path / "run.toml").write_text(to_toml(config))
    recupera = Path(sys.executable).with_name("recupera")

    done = launched(recupera, "train", tmp_path / "run.toml", "--output", tmp_path / "model")

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("tiny 0.0.1, held-out messages") == 1
    counts = [int(found) for found in re.findall(r"asking tiny 0\.0\.1 about (\d+)", " ".join(done.stderr.split()))]
    assert len(counts) == 2
    assert min(counts) == 0 < max(counts)
    assert {path.name for path in tmp_path.iterdir()} == {"few.jsonl", "run.toml", "model"}
    assert ComplaintClassifier.from_pretrained(tmp_path / "model").predict("Chegou quebrado.")[0].model.name == "tiny"


@pytest.mark.training
def test_two_processes_learn_what_one_learns() -> None:
    done = launched("--module", "tests.training.processes")
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert first["processes"] == 2
    assert first["weights"] == second["weights"], "the processes hold the same network"

    alone = trained(1)

    gold = [bool(example.labels["complaint"]) for example in messages()[0]]
    for result in (alone, first):
        assert result["after"] < 0.2 * result["before"]
        assert sum(a == b for a, b in zip(result["complaint"], gold, strict=True)) >= 0.97 * len(gold)
    assert first["before"] == pytest.approx(alone["before"])
    assert first["after"] == pytest.approx(alone["after"], abs=0.05 * alone["before"])
