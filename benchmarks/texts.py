"""The messages that speed is measured on: written for this project, cut to a mean of about 60 tokens."""

from __future__ import annotations

import json
from pathlib import Path

from classifier.tokenization import TokenEncoder

ROOT = Path(__file__).parent.parent
CORPORA = ROOT / "training" / "corpora"


def messages(count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` messages in random but fixed order."""
    texts = [
        json.loads(line)["text"]
        for path in sorted(CORPORA.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    texts = [text for text in texts if 20 <= len(encoder.encode([text])[0]) <= 110]
    return (texts * (count // len(texts) + 1))[:count]


def of_length(tokens: int, count: int, encoder: TokenEncoder) -> list[str]:
    """Return ``count`` messages of about ``tokens`` tokens."""
    texts = messages(2000, encoder)
    texts.sort(key=lambda text: abs(len(encoder.encode([text])[0]) - tokens))
    return texts[:count]
