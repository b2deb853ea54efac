"""Two processes, started as the guide says, learn what one learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.processes import messages, trained

ROOT = Path(__file__).parents[2]


@pytest.mark.training
def test_two_processes_learn_what_one_learns() -> None:
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*launch, "--module", "tests.training.processes"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
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
