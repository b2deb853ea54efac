"""The messages that speed is measured on: written apart for measuring, of both languages, never trained on.

They are those of ``training/corpora/validation.jsonl`` with 20 to 100 tokens, as they are: 135 whose mean is 61 tokens.
Where more are asked for they come again, each time all of them in another order: nothing remembers a text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from classifier.tokenization import TokenEncoder

ROOT = Path(__file__).parent.parent
CORPORA = ROOT / "training" / "corpora"
_SHORTEST: Final = 20
_LONGEST: Final = 100
_NEAR: Final = 12
"""In tokens, begin and end of a text included."""


def messages(count: int, encoder: TokenEncoder, seed: int = 1) -> list[str]:
    """Return ``count`` messages in random but fixed order."""
    chance = random.Random(seed)
    texts = sorted(_held_out(encoder))
    found: list[str] = []
    while len(found) < count:
        found += chance.sample(texts, len(texts))
    return found[:count]


def of_length(tokens: int, count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` messages of about ``tokens`` tokens, twelve more or less; all come again where they don't do."""
    found = _held_out(encoder)
    near = sorted(text for text, length in found.items() if abs(length - tokens) <= _NEAR)
    return (near * (count // len(near) + 1))[:count]


def part(texts: Sequence[str], count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` of the texts with the same mix of lengths, in the order in which they are."""
    rows = encoder.encode(texts)
    by_length = sorted(range(len(texts)), key=lambda i: len(rows[i]))
    chosen = {by_length[int((place + 0.5) * len(texts) / count)] for place in range(min(count, len(texts)))}
    return [texts[i] for i in sorted(chosen)]


def _held_out(encoder: TokenEncoder) -> dict[str, int]:
    """Return the messages, each with its number of tokens."""
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    lengths = map(len, encoder.encode(texts))
    return {text: tokens for text, tokens in zip(texts, lengths, strict=True) if _SHORTEST <= tokens <= _LONGEST}
