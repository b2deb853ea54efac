"""Fit the letters of names: ``python -m training.names`` writes ``classifier/lexicon/name_letters.bin``.

Names are those of ``classifier/lexicon/names.toml``; everyday words are those that the written messages have in small
letters at least twice, and the words of that file. One logistic regression, weights rounded to sixteenths.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from classifier.redaction.gazetteer import Sense, load_gazetteer
from classifier.redaction.letters import BUCKETS, pieces

__all__ = ["everyday_words", "fit", "listed_names"]

_CORPORA: Final = Path(__file__).parent / "corpora"
_TARGET: Final = Path(__file__).parents[1] / "classifier" / "lexicon" / "name_letters.bin"
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_NAME: Final = Sense.GIVEN | Sense.SURNAME
_SCALE: Final = 16


def listed_names() -> set[str]:
    """Return the names that are hardly anything else."""
    senses = load_gazetteer().senses
    return {word for word, sense in senses.items() if sense & _NAME and not sense & Sense.WEAK}


def everyday_words(folder: Path = _CORPORA) -> set[str]:
    """Return the words of the written messages in small letters, and the lists' words that are no names."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            counts.update(word for word in _WORD.findall(json.loads(line).get("text", "")) if word.islower())
    listed = {word for word, sense in load_gazetteer().senses.items() if not sense & _NAME}
    return {word for word, count in counts.items() if count > 1} | listed


def fit(names: Collection[str], words: Collection[str]) -> bytes:
    """Return a signed byte a bucket and one for the bias, names and words weighing the same in all."""
    from sklearn.linear_model import LogisticRegression

    rows = [*sorted(names), *sorted(words)]
    columns = [pieces(word) for word in rows]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.concatenate([np.asarray(column) for column in columns])
    matrix = csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(rows), BUCKETS))
    labels = np.arange(len(rows)) < len(names)
    model = LogisticRegression(C=0.5, class_weight="balanced", max_iter=400).fit(matrix, labels)
    weights = np.append(model.coef_[0], model.intercept_[0] / 4)
    rounded: bytes = np.clip(np.rint(weights * _SCALE), -127, 127).astype(np.int8).tobytes()
    return rounded


def main() -> None:
    """Fit and write the weights."""
    names = listed_names()
    _TARGET.write_bytes(fit(names, everyday_words() - names))


if __name__ == "__main__":
    main()
