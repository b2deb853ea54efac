"""Train a toy network on toy messages in as many processes as started it: ``python -m tests.training.processes``.

Each process prints one JSON line: the loss over all messages before and after, the decisions, a sum over the weights.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from transformers import BertConfig, BertModel

from training.config import LossSection, OptimizerSection
from training.corpus import Example
from training.losses import MultiTaskLoss
from training.modeling import ComplaintModel
from training.trainer import Encoded, Pass, predict, train

TOKENS, MESSAGES, EPOCHS = 512, 240, 14


def messages() -> tuple[list[Example], list[np.ndarray]]:
    """Return complaints, which hold token 7 or token 8, and others; of two lengths of motive."""
    chance = random.Random(1)
    examples, rows = [], []
    for number in range(MESSAGES):
        complains = number % 2 == 0
        ids = [chance.randint(10, 30) for _ in range(chance.randint(6, 14))]
        labels: dict[str, Any] = {"complaint": complains, "touchpoint": "use"}
        if complains:
            labels["motive"] = ["restitution" if number % 4 else "venting"]
            ids[chance.randrange(len(ids))] = 7 if number % 4 else 8
        examples.append(Example(str(number), "x", "es", "s", str(number), labels))
        rows.append(np.array(ids, dtype=np.int64))
    return examples, rows


def trained(processes: int) -> dict[str, Any]:
    """Train with ``TOKENS`` a step over all processes, and tell what came out."""
    torch.manual_seed(1)
    examples, rows = messages()
    config = BertConfig(
        vocab_size=32, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=16,
    )  # fmt: skip
    model = ComplaintModel(BertModel(config, add_pooling_layer=False), dropout=0.0)
    section = OptimizerSection(
        epochs=EPOCHS, batch_tokens=TOKENS // processes, learning_rate=5e-3, head_factor=1.0, bfloat16=False
    )
    loss_of = MultiTaskLoss(LossSection(), examples)

    def loss() -> float:
        logits = predict(model, rows, pad_id=0, max_tokens=16)
        return float(loss_of(torch.from_numpy(logits), examples))

    before = loss()
    train(model, Encoded([Pass(examples, rows)] * EPOCHS), section, loss_of=loss_of, pad_id=0, seed=1)
    complaint = predict(model, rows, pad_id=0, max_tokens=16)[:, 0] > 0
    weights = sum(float(parameter.detach().double().abs().sum()) for parameter in model.parameters())
    return {"before": before, "after": loss(), "complaint": complaint.tolist(), "weights": weights}


if __name__ == "__main__":
    count = PartialState(cpu=True).num_processes
    sys.stdout.write(json.dumps({"processes": count, **trained(count)}) + "\n")
    sys.stdout.flush()
