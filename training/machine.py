"""The machine that a run is on: whether it has what the run asks for, and what it is called."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import PartialState
from accelerate.utils import is_mlflow_available, is_tensorboard_available

from classifier.errors import InputError, MissingExtraError
from training.config import TrainingConfig

_TRACKERS: Final = {"tensorboard": is_tensorboard_available, "mlflow": is_mlflow_available}


def check_machine(config: TrainingConfig) -> None:
    """Raise ``MissingExtraError`` or ``InputError`` if the tracker's package or the device is not there."""
    tracker, device = config.run.tracker, config.optimizer.device
    if tracker != "none" and not _TRACKERS[tracker]():
        raise MissingExtraError(f'run.tracker = "{tracker}"', tracker)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device not in there:
        raise InputError(f'optimizer.device is "{device}"; it must be one of {", ".join(there)}')
    if not there[device]:
        raise InputError(
            f'optimizer.device is "{device}", but torch {torch.__version__} sees none here: install its driver and a '
            'torch that is built for it, or set optimizer.device = "cpu"'
        )


def describe_machine(device: str) -> dict[str, Any]:
    """Return what ``metrics.json`` keeps of the machine: device, processor, threads of each process, processes."""
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "processes": PartialState().num_processes,
    }


def _processor() -> str:
    """Return the processor's name, or its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
