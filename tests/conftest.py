"""Fixtures for the whole suite: a real model of toy size, trained once a run, and the shipped one."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # there are more workers than processors: threads would be in each other's way
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import psutil
import pytest

from classifier import ComplaintClassifier
from classifier.engine import available_threads
from training.config import TrainingConfig
from training.pipeline import Places, run

ROOT = Path(__file__).parent.parent
CORPORA = ROOT / "training" / "corpora"

# The suite tries the same inputs each time, so that a failure comes from the change at hand;
# `HYPOTHESIS_PROFILE=explore make test` looks for new ones.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A job in the background inherits an ignored SIGINT (POSIX, "Signals and Error Handling"); a test run may be one.
INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from classifier.cli import main; main()"
)

TINY = TrainingConfig.model_validate(
    {
        "run": {"name": "tiny", "version": "0.0.1"},
        "data": {
            "corpus": [{"path": "pt-br.jsonl"}, {"path": "severity.jsonl"}],
            "validation_fraction": 0.3,
            "max_tokens": 128,
        },
        "encoder": {"source": "tiny", "freeze_embeddings": False},
        "optimizer": {"epochs": 2, "learning_rate": 3e-3, "head_factor": 1.0, "bfloat16": False},
    }
)

_WORKERS_A_PROCESSOR = 2
"""Two fifths of a worker's time it waits: for services that start, for deadlines that pass, for the disk."""

_WORKER_BYTES = 3_000_000_000


def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers ``-n auto`` means: as many as keep the processors busy and fit into memory."""
    fitting = psutil.virtual_memory().available // _WORKER_BYTES
    return max(1, min(_WORKERS_A_PROCESSOR * available_threads(), fitting))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that one worker of a run makes and all of them share; ``make`` gets its path, where none is."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    shared.mkdir(exist_ok=True)
    made, making = shared / "made", shared / "making"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(making, ignore_errors=True)  # of one that failed
            make(making)
            making.rename(made)
    return made


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the toy model and return its directory."""
    return made_once(tmp_path_factory, "tiny-model", lambda model: run(TINY, Places(CORPORA, None, model)))


@pytest.fixture(scope="session")
def tiny(tiny_model: Path) -> ComplaintClassifier:
    """Return the toy model, loaded."""
    return ComplaintClassifier.from_pretrained(tiny_model)


@pytest.fixture(scope="session")
def shipped() -> ComplaintClassifier:
    """Return the shipped model, loaded."""
    return ComplaintClassifier.from_pretrained()
