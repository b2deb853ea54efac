"""The training loop, top to bottom."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from classifier.tokenization import Ids, TokenEncoder, batches, pad
from training.config import OptimizerSection
from training.corpus import Example
from training.losses import MultiTaskLoss, targets
from training.modeling import ComplaintModel

_SHUFFLE_WINDOW = 50
"""Batches whose rows are sorted by length together: wide enough to waste little padding, narrow enough to mix."""

Logits = npt.NDArray[np.float32]


class Progress(Protocol):
    """Told of each step; a terminal's bar, or nothing."""

    def __call__(self, *, step: int, steps: int, loss: float, seconds_left: float) -> None:
        """Take the step just done, of how many, its smoothed loss, and the time left."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples and their token ids, in the same order."""

    examples: Sequence[Example]
    rows: Sequence[Ids]

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: TokenEncoder) -> Encoded:
        """Encode ``examples``."""
        return cls(examples, encoder.encode([e.text for e in examples]))


def train(
    model: ComplaintModel,
    data: Encoded,
    section: OptimizerSection,
    *,
    loss_of: MultiTaskLoss,
    pad_id: int,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Train ``model`` in place for ``section.epochs`` passes over ``data``."""
    chance = random.Random(seed)  # noqa: S311 - the order of batches, not a secret
    plan = [batch for _ in range(section.epochs) for batch in _shuffled(data.rows, section.batch_tokens, chance)]
    optimizer = _optimizer(model, section)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _Schedule(len(plan), section.warmup_fraction))
    model.to(section.device).train()
    started, smoothed = time.monotonic(), 0.0
    for step, chosen in enumerate(plan, 1):
        ids, mask = _tensors([data.rows[i] for i in chosen], pad_id, section.device)
        with torch.autocast(section.device.split(":")[0], torch.bfloat16, enabled=section.bfloat16):
            logits = model(ids, mask)
        loss = loss_of(logits.float(), targets([data.examples[i] for i in chosen]))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), section.clip_norm)
        optimizer.step()
        schedule.step()
        if not math.isfinite(value := float(loss.detach())):
            raise FloatingPointError(f"the loss is {value} at step {step}: lower optimizer.learning_rate")
        smoothed = value if step == 1 else 0.98 * smoothed + 0.02 * value
        if progress is not None:
            left = (time.monotonic() - started) / step * (len(plan) - step)
            progress(step=step, steps=len(plan), loss=smoothed, seconds_left=left)
    model.eval()


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


@dataclass(frozen=True, slots=True)
class _Schedule:
    """Linear warm-up, then a cosine to zero."""

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
            groups.setdefault((name.startswith("heads."), parameter.ndim > 1), []).append(parameter)
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


def _tensors(rows: Sequence[Ids], pad_id: int, device: str) -> tuple[Tensor, Tensor]:
    """Pad rows to the longest and move them to the device."""
    ids, mask = pad(rows, max(map(len, rows)), pad_id)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
