"""TF-IDF of words and characters into logistic regressions: what most teams would try first."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.peers.heads import Heads
from benchmarks.peers.peer import Logits, Progress
from training.corpus import Example


class Linear:
    """Words, pairs of words and 2 to 4 characters within words, weighted by TF-IDF."""

    title = "TF-IDF + LR"
    method = "words (1-2) and characters (2-4), TF-IDF, a logistic regression a task or label"

    def __init__(self) -> None:
        self.words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
        self.characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
        self.heads = Heads(inverse_penalty=4.0)

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Count the n-grams, then fit the regressions."""
        texts = [e.text for e in examples]
        features = sparse.hstack([self.words.fit_transform(texts), self.characters.fit_transform(texts)])
        self.heads.fit(features.tocsr(), examples, progress)

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return decision values."""
        texts = [e.text for e in examples]
        features = sparse.hstack([self.words.transform(texts), self.characters.transform(texts)])
        return self.heads.logits(features.tocsr())
