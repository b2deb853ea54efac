"""Fit what tells orders to a machine: ``python -m training.prompt_injection --data FOLDER``.

Writes ``classifier/lexicon/prompt_injection.bin`` and prints how much of ``test.jsonl`` is found, which was written by
a hand that knew none of the other lines, after everything here was settled. Orders and honest sentences near them are
those of ``training/corpora/prompt_injection``; sentences of the written messages are honest, and so are those of the
real ones in FOLDER (``train.jsonl``, ``unlabelled.jsonl.gz``) where they are there. One logistic regression; the bias
is set so that of held-out honest sentences hardly any is taken.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from classifier.errors import InputError
from classifier.prompt_injection import BUCKETS, SCALE, features, score, sentences
from training.corpus import read_rows, real_corpora

__all__ = ["Lines", "fit", "read_lines"]

_FOLDER: Final = Path(__file__).parent / "corpora" / "prompt_injection"
_TARGET: Final = Path(__file__).parents[1] / "classifier" / "lexicon" / "prompt_injection.bin"
_TAKEN: Final = 6e-4
"""Share of honest sentences, held out, that may be taken for orders."""

_EVERY: Final = 5
"""One honest sentence of so many is held out for the bias."""

_ORDER_WEIGHT: Final = 10.0
_PART_WEIGHT: Final = 5.0
_BORDER_WEIGHT: Final = 5.0
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Lines:
    """Orders, honest sentences written to be near them, and sentences of messages."""

    orders: Sequence[str]
    border: Sequence[str]
    messages: Sequence[str]


def read_lines(data: Path | None = None, folder: Path = _FOLDER) -> Lines:
    """Read what is written for this, and the sentences of the messages that are there."""
    rows = [row for name in ("orders", "honest") for _, row in read_rows(folder / f"{name}.jsonl")]
    corpora = [path for path in sorted(folder.parent.glob("*.jsonl")) if path.name != "validation.jsonl"]
    if data is not None:
        corpora += real_corpora(data)
    texts = (str(row["text"]) for path in corpora for _, row in read_rows(path))
    return Lines(
        orders=[str(row["text"]) for row in rows if row["order"]],
        border=[str(row["text"]) for row in rows if not row["order"]],
        messages=list(dict.fromkeys(part for text in texts for part in _parts(text, least=3))),
    )


def fit(lines: Lines) -> bytes:
    """Return a signed byte a bucket and one for the bias, as ``classifier.prompt_injection`` reads them."""
    from sklearn.linear_model import LogisticRegression

    held = [text for text in lines.messages if crc32(text.encode("utf-8", "surrogatepass")) % _EVERY == 0]
    seen = set(held)
    weighed = [
        *((text, _ORDER_WEIGHT, True) for text in lines.orders),
        *((part, _PART_WEIGHT, True) for text in lines.orders for part in _pieces(text, least=5)),
        *((text, _BORDER_WEIGHT, False) for text in lines.border),
        *((part, _BORDER_WEIGHT, False) for text in lines.border for part in _pieces(text, least=1)),
        *((text, 1.0, False) for text in lines.messages if text not in seen),
    ]
    model = LogisticRegression(C=1.0, max_iter=400)
    model.fit(
        _matrix(text for text, _, _ in weighed),
        [order for _, _, order in weighed],
        sample_weight=[weight for _, weight, _ in weighed],
    )
    weights = np.clip(np.rint(model.coef_[0] * SCALE), -127, 127)
    scores = np.sort(_matrix(held) @ (weights / SCALE))
    bias = -scores[-1 - int(_TAKEN * len(held))]
    rounded: bytes = np.append(weights, np.clip(np.floor(bias * SCALE / 4), -127, 127)).astype(np.int8).tobytes()
    return rounded


def _parts(text: str, *, least: int) -> Iterator[str]:
    """Yield the sentences of at least so many words."""
    for start, end in sentences(text):
        if len(_WORD.findall(text, start, end)) >= least:
            yield text[start:end].strip()


def _pieces(text: str, *, least: int) -> list[str]:
    """Return the sentences of a line that has several."""
    parts = list(_parts(text, least=least))
    return parts if len(parts) > 1 else []


def _matrix(texts: Iterable[str]) -> csr_matrix:
    """Return a row a text: each of its n features weighs n ** -0.25."""
    rows = [features(text) for text in texts]
    values: npt.NDArray[np.float64] = np.concatenate([np.full(len(row), max(1, len(row)) ** -0.25) for row in rows])
    columns = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    matrix = csr_matrix((values, columns, np.cumsum([0, *map(len, rows)])), shape=(len(rows), BUCKETS))
    matrix.sum_duplicates()
    return matrix


def main() -> None:
    """Fit, write the weights, and print what they find in the lines of the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with train.jsonl and unlabelled.jsonl.gz")
    given = parser.parse_args()
    try:
        lines = read_lines(given.data)
    except InputError as error:
        parser.error(str(error))
    _TARGET.write_bytes(fit(lines))
    rows = [row for _, row in read_rows(_FOLDER / "test.jsonl")]
    for kind in (True, False):
        chosen = [row for row in rows if row["order"] is kind]
        found = sum(score(row["text"]) > 0 for row in chosen)
        print(f"{found} of {len(chosen)} {'orders' if kind else 'honest sentences'} taken for orders")  # noqa: T201


if __name__ == "__main__":
    main()
