"""Averaged n-gram embeddings into one linear layer, as fastText does it.

Joulin, Grave, Bojanowski & Mikolov, "Bag of Tricks for Efficient Text Classification" (2017); n-grams of characters
as in Bojanowski et al., "Enriching Word Vectors with Subword Information" (2017). Trained with the very losses of
the model that it is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from torch import Tensor, nn

from benchmarks.peers.peer import Logits, Progress, Recipe
from classifier.taxonomy import TASKS
from training.corpus import Example
from training.losses import MultiTaskLoss

_BUCKETS = 2**17
_WIDTH = 64
_EPOCHS = 6
_BATCH = 64
_RATE = 3e-2


class StaticEmbeddings:
    """Words, pairs of words and 3 to 5 characters within words, hashed; a message is the mean of their embeddings."""

    title = "static embeddings"
    method = (
        f"fastText-like: words (1-2) and characters (3-5) hashed to {2 * _BUCKETS} embeddings of width {_WIDTH}, "
        f"averaged, one linear layer, our losses, {_EPOCHS} epochs"
    )

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        shared = {"n_features": _BUCKETS, "norm": "l1", "alternate_sign": False, "dtype": np.float32}
        self.words = HashingVectorizer(ngram_range=(1, 2), strip_accents="unicode", token_pattern=r"\S+", **shared)
        self.characters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **shared)
        self.network = _Network()

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Train with Adam, its rate falling to zero."""
        torch.manual_seed(self.recipe.config.run.seed)
        self.network = _Network()
        features, loss_of = self._features(examples), MultiTaskLoss(self.recipe.config.loss, examples)
        steps = _EPOCHS * math.ceil(len(examples) / _BATCH)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE, fused=True)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
        self.network.train()
        for step, rows in enumerate(_batches(len(examples), self.recipe.config.run.seed), 1):
            loss = loss_of(self.network(features[rows]), [examples[i] for i in rows])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            progress(step / steps)
        self.network.eval()

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return the outputs of the linear layer."""
        features = self._features(examples)
        with torch.inference_mode():
            parts = [self.network(features[i : i + 512]).numpy() for i in range(0, len(examples), 512)]
        return np.concatenate(parts)

    def _features(self, examples: Sequence[Example]) -> sparse.csr_matrix:
        """Return a row a message: the weight of each bucket, the words' and the characters' each adding up to 1."""
        texts = [e.text for e in examples]
        return sparse.hstack([self.words.transform(texts), self.characters.transform(texts)]).tocsr()


class _Network(nn.Module):
    """Sparse rows to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(2 * _BUCKETS, _WIDTH, mode="sum")
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(_WIDTH, sum(task.width for task in TASKS))

    def forward(self, rows: sparse.csr_matrix) -> Tensor:
        """Return logits of shape (rows, sum of widths)."""
        ids, starts = (torch.from_numpy(a.astype(np.int64)) for a in (rows.indices, rows.indptr[:-1]))
        mean = self.embed(ids, starts, per_sample_weights=torch.from_numpy(rows.data))
        logits: Tensor = self.out(self.drop(mean))
        return logits


def _batches(size: int, seed: int) -> Iterator[list[int]]:
    """Yield the rows of every step of all epochs, reshuffled each."""
    chance = np.random.default_rng(seed)
    for _ in range(_EPOCHS):
        order = chance.permutation(size).tolist()
        yield from (order[start : start + _BATCH] for start in range(0, size, _BATCH))
