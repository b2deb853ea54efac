import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from classifier.artifact import FILES, Artifact
from tests.conftest import CORPORA, TINY
from training.checkpoint import Checkpoints, fingerprint
from training.config import to_toml
from training.pipeline import Places, read_corpora


def kept(folder: Path, run: str = "a") -> Checkpoints:
    return Checkpoints.beside(folder / "model", run, minutes=0.001)


def test_what_was_written_is_read_back_by_the_same_run_only(tmp_path: Path) -> None:
    kept(tmp_path).write({"step": 7, "model": {"w": torch.ones(2)}})
    state = kept(tmp_path).read()
    assert state is not None
    assert state["step"] == 7
    assert kept(tmp_path, "another").read() is None


def test_no_file_or_a_broken_one_is_no_state(tmp_path: Path) -> None:
    checkpoints = kept(tmp_path)
    assert checkpoints.read() is None
    checkpoints.write({"step": 1})
    checkpoints.path.write_bytes(checkpoints.path.read_bytes()[:40])
    assert checkpoints.read() is None
    checkpoints.remove()
    checkpoints.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_configuration_or_message_is_another_run() -> None:
    examples, _ = read_corpora(TINY, Places(CORPORA, None, CORPORA))
    same = fingerprint(TINY, examples)
    assert fingerprint(TINY, list(examples)) == same
    assert fingerprint(TINY, examples[1:]) != same
    assert fingerprint(TINY.model_copy(update={"run": TINY.run.model_copy(update={"seed": 2})}), examples) != same


def command(folder: Path, name: str) -> list[str]:
    program = "from classifier.cli import main; main()"
    output = str(folder / name)
    return [
        sys.executable,
        "-c",
        program,
        "train",
        str(folder / "run.toml"),
        "--data",
        str(CORPORA),
        "--output",
        output,
    ]


@pytest.mark.training
def test_a_killed_run_goes_on_and_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    run = TINY.run.model_copy(update={"checkpoint_minutes": 0.001})
    ngrams = TINY.ngrams.model_copy(update={"enabled": False})
    (tmp_path / "run.toml").write_text(to_toml(TINY.model_copy(update={"run": run, "ngrams": ngrams})))
    whole = subprocess.run(command(tmp_path, "whole"), capture_output=True, text=True, check=True)
    assert "going on" not in whole.stderr
    interrupted = subprocess.Popen(command(tmp_path, "broken"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / ".broken.checkpoint.pt"
    while not state.exists() and interrupted.poll() is None:
        time.sleep(0.01)
    os.kill(interrupted.pid, signal.SIGKILL)
    interrupted.wait()
    assert state.exists()
    assert not (tmp_path / "broken").exists()
    again = subprocess.run(command(tmp_path, "broken"), capture_output=True, text=True, check=True)
    assert "going on from step" in again.stderr
    assert not state.exists()
    a, b = (Artifact.load(tmp_path / name).metrics()["validation"]["all"] for name in ("whole", "broken"))
    assert a.keys() == b.keys()
    assert all(abs(a[name] - b[name]) < 0.05 for name in a)
    assert (tmp_path / "broken" / FILES.card).is_file()
