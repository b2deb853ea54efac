"""The training loop, top to bottom."""

from __future__ import annotations

import logging
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from classifier.neutral import neutral
from classifier.tokenization import Ids, TokenEncoder, batches, pad
from training.augmentation import augmented
from training.checkpoint import Checkpoints
from training.config import OptimizerSection, TrainingConfig
from training.corpus import Example
from training.losses import Loss
from training.modeling import ComplaintModel

_SHUFFLE_WINDOW = 50
"""Batches whose rows are sorted by length together: wide enough to waste little padding, narrow enough to mix."""

_TRACKED = 10
"""Steps between two figures for the tracker."""

Logits = npt.NDArray[np.float32]

log = logging.getLogger(__name__)


class Progress(Protocol):
    """Told of each step; a terminal's bar, or nothing."""

    def __call__(self, *, step: int, steps: int, loss: float, seconds_left: float) -> None:
        """Take the step just done, of how many, its smoothed loss, and the time left."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The examples that one pass sees, and their token ids in the same order."""

    examples: Sequence[Example]
    rows: Sequence[Ids]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What each pass sees: of every example its ``share``, drawn anew, the texts changed and thinned in other ways."""

    passes: Sequence[Pass]

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: TokenEncoder, config: TrainingConfig) -> Encoded:
        """Encode ``examples`` for each epoch, each time drawn and changed in other ways."""
        chance = random.Random(config.run.seed)  # noqa: S311 - variants of texts, not a secret
        passes = []
        for _ in range(config.optimizer.epochs):
            drawn = [e for e in examples if e.share >= 1 or chance.random() < e.share]
            rows = encoder.encode([neutral(text) for text in augmented(drawn, config.augmentation, chance)])
            passes.append(Pass(drawn, thinned(rows, config.optimizer.token_dropout, chance)))
        return cls(passes)


def thinned(rows: Sequence[Ids], share: float, chance: random.Random) -> list[Ids]:
    """Leave out a ``share`` of each row's tokens, by chance, but never the first and the last, which mark its ends.

    After "word dropout" of Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods" (ACL 2015).
    """
    if not share:
        return list(rows)
    return [
        row[[i in (0, len(row) - 1) or chance.random() >= share for i in range(len(row))]]
        for row in map(np.asarray, rows)
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the loop took, over all sessions of the run, and how many examples all processes went through."""

    seconds: float
    examples: int


@dataclass(frozen=True, slots=True)
class Session:
    """What surrounds the loop: who is told, where states are kept, where figures go."""

    progress: Progress | None = None
    checkpoints: Checkpoints | None = None
    tracker: Literal["none", "tensorboard", "mlflow"] = "none"
    name: str = "run"
    folder: Path | None = None

    def accelerator(self, section: OptimizerSection) -> Accelerator:
        """Return what places the loop on a processor, a GPU, or several (``accelerate launch``)."""
        accelerator = Accelerator(
            cpu=section.device == "cpu",
            mixed_precision="bf16" if section.bfloat16 and has_bfloat16(section.device) else "no",
            log_with=None if self.tracker == "none" else self.tracker,
            project_dir=self.folder,
        )
        if self.tracker == "mlflow" and self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{(self.folder / 'mlflow.db').resolve()}")
        if self.tracker != "none":
            accelerator.init_trackers(self.name)
        return accelerator

    def forget(self) -> None:
        """Remove the state that an interrupted run would go on from."""
        if self.checkpoints is not None:
            self.checkpoints.remove()


def train(
    model: ComplaintModel,
    data: Encoded,
    section: OptimizerSection,
    *,
    loss_of: Loss,
    pad_id: int,
    seed: int,
    session: Session | None = None,
) -> Pace:
    """Train ``model`` in place for each pass over ``data``; go on from a checkpoint of the same run.

    Of several processes, each takes every n-th batch of the same plan, and gradients are averaged.
    """
    session = session or Session()
    accelerator = session.accelerator(section)
    chance = random.Random(seed)  # noqa: S311 - the order of batches, not a secret
    plan = [(each, batch) for each in data.passes for batch in _shuffled(each.rows, section.batch_tokens, chance)]
    plan = plan[accelerator.process_index :: accelerator.num_processes][: len(plan) // accelerator.num_processes]
    optimizer = _optimizer(model, section)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _Schedule(len(plan), section.warmup_fraction))
    first, smoothed, spent = _resume(model, optimizer, schedule, session.checkpoints)
    network, optimizer = accelerator.prepare(model, optimizer)
    network.train()
    started = time.monotonic()
    for step, (seen, chosen) in enumerate(plan[first:], first + 1):
        ids, mask = _tensors([seen.rows[i] for i in chosen], pad_id, accelerator.device)
        with accelerator.autocast():
            logits = network(ids, mask)
        loss = loss_of(logits.float(), [seen.examples[i] for i in chosen])
        optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(network.parameters(), section.clip_norm)
        optimizer.step()
        schedule.step()
        if not math.isfinite(value := float(loss.detach())):
            raise FloatingPointError(f"the loss is {value} at step {step}: lower optimizer.learning_rate")
        smoothed = value if step == 1 else 0.98 * smoothed + 0.02 * value
        if step % _TRACKED == 0:
            accelerator.log({"loss": smoothed, "learning_rate": schedule.get_last_lr()[0]}, step=step)
        if session.progress is not None:
            left = (time.monotonic() - started) / (step - first) * (len(plan) - step)
            session.progress(step=step, steps=len(plan), loss=smoothed, seconds_left=left)
        if session.checkpoints is not None and session.checkpoints.due() and accelerator.is_main_process:
            state = _state(accelerator.unwrap_model(network), optimizer, schedule, step, smoothed)
            session.checkpoints.write(state | {"seconds": spent + time.monotonic() - started})
    for tracker in accelerator.trackers:
        tracker.finish()
    model.eval()
    examples = sum(len(chosen) for _, chosen in plan) * accelerator.num_processes
    return Pace(spent + time.monotonic() - started, examples)


def _state(
    model: nn.Module, optimizer: torch.optim.Optimizer, schedule: LRScheduler, step: int, loss: float
) -> dict[str, Any]:
    """Return everything that the next step depends on."""
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "random": torch.get_rng_state(),
        "step": step,
        "loss": loss,
    }


def _resume(
    model: nn.Module, optimizer: torch.optim.Optimizer, schedule: LRScheduler, checkpoints: Checkpoints | None
) -> tuple[int, float, float]:
    """Take up the state of a checkpoint of this run; return the steps done, the smoothed loss and the seconds spent."""
    state = checkpoints.read() if checkpoints is not None else None
    if state is None:
        return 0, 0.0, 0.0
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"])
    log.info("going on from step %d of a run that was interrupted", state["step"])
    return state["step"], state["loss"], state.get("seconds", 0.0)


def has_bfloat16(device: str) -> bool:
    """Tell whether ``device`` computes in bfloat16 itself, saying so if not: in software it takes 20 times as long."""
    if device == "cpu":
        there = torch._C._has_mkldnn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    else:
        there = not torch.cuda.is_available() or torch.cuda.is_bf16_supported(including_emulation=False)
    if not there:
        log.warning("no bfloat16 on this %s: training in full precision", "processor" if device == "cpu" else device)
    return there


def predict(model: ComplaintModel, rows: Sequence[Ids], *, pad_id: int, max_tokens: int) -> Logits:
    """Return logits of shape (len(rows), sum of widths), in full precision."""
    model.eval()
    device = str(next(model.parameters()).device)
    out = np.zeros((len(rows), sum(model.widths)), dtype=np.float32)
    with torch.inference_mode():
        for batch in batches(rows, pad_id=pad_id, max_tokens=max_tokens, budget=4096):
            ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
            out[list(batch.positions)] = model(ids.to(device), mask.to(device)).cpu().numpy()
    return out


@dataclass(frozen=True)
class _Schedule:
    """Linear warm-up, then a cosine to zero. Without slots: torch keeps a schedule's ``__dict__`` in its state."""

    steps: int
    warmup: float

    def __call__(self, step: int) -> float:
        rise = max(1.0, self.warmup * self.steps)
        if step < rise:
            return (step + 1) / rise
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1.0, self.steps - rise))))


def _optimizer(model: ComplaintModel, section: OptimizerSection) -> torch.optim.Optimizer:
    """Give heads their own rate, and no weight decay to biases and norms."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith(("heads.", "queries")), parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": section.learning_rate * (section.head_factor if head else 1.0),
                "weight_decay": section.weight_decay if decays else 0.0,
            }
            for (head, decays), parameters in groups.items()
        ],
        fused=True,
    )


def _shuffled(rows: Sequence[Ids], budget: int, chance: random.Random) -> Iterator[list[int]]:
    """Yield one epoch of batches of at most ``budget`` padded tokens, similar lengths together, in random order."""
    order = list(range(len(rows)))
    chance.shuffle(order)
    mean = sum(map(len, rows)) / max(1, len(rows))
    window = max(1, int(_SHUFFLE_WINDOW * budget / max(1.0, mean)))
    plan: list[list[int]] = []
    for start in range(0, len(order), window):
        batch: list[int] = []
        for index in sorted(order[start : start + window], key=lambda i: len(rows[i])):
            if batch and (len(batch) + 1) * len(rows[index]) > budget:
                plan.append(batch)
                batch = []
            batch.append(index)
        plan.append(batch)
    chance.shuffle(plan)
    yield from plan


def _tensors(rows: Sequence[Ids], pad_id: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Pad rows to the longest and move them to the device."""
    ids, mask = pad(rows, max(map(len, rows)), pad_id)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
