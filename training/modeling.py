"""The network: one encoder, attention pooling for each task, one head per task.

A head is a row of ``classifier.taxonomy.TASKS``: a new task needs no new class.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertOutput, BertSelfOutput

from classifier.taxonomy import TASKS, Task


def attention_pool(states: Tensor, attention_mask: Tensor, queries: Tensor) -> Tensor:
    """Average token states once a query, weighted by the softmax of their products with it.

    ``states`` (batch, tokens, hidden), ``attention_mask`` (batch, tokens) and ``queries`` (tasks, hidden) give
    (batch, tasks, hidden). A query of zeros gives the plain mean over the tokens that are not padding. After Yang et
    al., "Hierarchical Attention Networks for Document Classification" (NAACL 2016), without the inner projection.
    """
    scores = (states @ queries.to(states.dtype).T).float()
    scores = scores.masked_fill(attention_mask.unsqueeze(-1) == 0, torch.finfo(torch.float32).min)
    return scores.softmax(dim=1).to(states.dtype).transpose(1, 2) @ states


class SharedDropout(nn.Module):
    """Dropout that leaves the same features out at every token of a text.

    ``states`` (batch, tokens, hidden) keep their shape; what is kept is scaled by 1 / (1 - ``share``). After Gal &
    Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks" (NeurIPS 2016). Drawing
    for every token as well takes a third of a training step on a CPU; this takes next to nothing.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        """Return ``states``, thinned out while training."""
        if not self.training or not self.share:
            return states
        mask = states.new_empty(len(states), 1, states.shape[-1]).bernoulli_(1 - self.share)
        return states * mask.div_(1 - self.share)


class ComplaintModel(nn.Module):
    """Token ids to the logits of all tasks, side by side in the order of ``tasks``.

    Each head pools the tokens by a query of its own, then has two layers (hidden to hidden, GELU, hidden to
    ``task.width``). ``dropout`` acts on the heads only; ``drop_features`` on the encoder.
    """

    def __init__(self, encoder: BertModel, *, tasks: Sequence[Task] = TASKS, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.widths = tuple(task.width for task in tasks)
        self.queries = nn.Parameter(torch.zeros(len(tasks), hidden))
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
            )
            for width in self.widths
        )

    def keep_layers(self, count: int | None) -> None:
        """Drop the encoder's layers above the lowest ``count``; ``None`` keeps all."""
        self.encoder.encoder.layer = self.encoder.encoder.layer[:count]
        self.encoder.config.num_hidden_layers = len(self.encoder.encoder.layer)

    def drop_features(self, share: float) -> None:
        """Let training leave out a ``share`` of what each part of the encoder's layers adds, by ``SharedDropout``."""
        for module in self.encoder.encoder.modules():
            if isinstance(module, BertSelfOutput | BertOutput):
                module.add_module("dropout", SharedDropout(share))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return logits of shape (batch, sum of widths)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = attention_pool(states, attention_mask, self.queries)
        return torch.cat([head(each) for head, each in zip(self.heads, pooled.unbind(dim=1), strict=True)], dim=1)
