"""The network: one encoder, mean pooling, one head per task.

A head is a row of ``classifier.taxonomy.TASKS``: a new task needs no new class.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import BertModel

from classifier.taxonomy import TASKS, Task


def mean_pool(states: Tensor, attention_mask: Tensor) -> Tensor:
    """Average token states over the tokens that are not padding: (batch, tokens, hidden) to (batch, hidden)."""
    mask = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


class ComplaintModel(nn.Module):
    """Token ids to the logits of all tasks, side by side in the order of ``tasks``.

    Each head is two layers (hidden to hidden, GELU, hidden to ``task.width``). ``dropout`` acts on the heads only:
    in the encoder it costs a third of a training step on a CPU.
    """

    def __init__(self, encoder: BertModel, *, tasks: Sequence[Task] = TASKS, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.widths = tuple(task.width for task in tasks)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
            )
            for width in self.widths
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return logits of shape (batch, sum of widths)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = mean_pool(states, attention_mask)
        return torch.cat([head(pooled) for head in self.heads], dim=1)
