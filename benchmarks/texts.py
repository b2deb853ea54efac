"""The messages that speed is measured on: written apart for measuring, of both languages, never trained on.

They are those of ``training/corpora/validation.jsonl`` with 20 to 100 tokens, as they are: 135 whose mean is 61 tokens.
Where more are asked for they come again, each time all of them in another order: nothing remembers a text.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from classifier.tokenization import TokenEncoder
from training.speed import held_out

ROOT = Path(__file__).parent.parent
CORPORA = ROOT / "training" / "corpora"
_NEAR: Final = 12
"""In tokens."""


def messages(count: int, encoder: TokenEncoder, seed: int = 1) -> list[str]:
    """Return ``count`` messages in random but fixed order."""
    chance = random.Random(seed)
    texts = sorted(held_out(encoder))
    found: list[str] = []
    while len(found) < count:
        found += chance.sample(texts, len(texts))
    return found[:count]


def of_length(tokens: int, count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` messages of about ``tokens`` tokens, twelve more or less; all come again where they don't do."""
    found = held_out(encoder)
    near = sorted(text for text, length in found.items() if abs(length - tokens) <= _NEAR)
    return (near * (count // len(near) + 1))[:count]


def part(texts: Sequence[str], count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` of the texts with the same mix of lengths, in the order in which they are."""
    rows = encoder.encode(texts)
    by_length = sorted(range(len(texts)), key=lambda i: len(rows[i]))
    chosen = {by_length[int((place + 0.5) * len(texts) / count)] for place in range(min(count, len(texts)))}
    return [texts[i] for i in sorted(chosen)]
