"""Does a reply read the same with its quoted history below it? ``python -m benchmarks --only replies``.

Held-out messages of the project are put into mails, once alone and once above the histories, signatures and notices of
``histories.jsonl``, none of which is in the golden set; both mails go the whole way, from bytes to labels.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol

from api.channels.email import mime
from api.channels.email.tagging import tags_of
from benchmarks.texts import CORPORA
from classifier import ComplaintClassifier
from classifier.types import Classification

__all__ = ["LEAST", "Shares", "measure", "read", "replies"]

LEAST: Final = 0.98
"""The share of pairs with equal labels that is promised."""

_HISTORIES: Final = Path(__file__).with_name("histories.jsonl")


class Predicts(Protocol):
    """What labels texts."""

    def predict(self, texts: list[str]) -> Sequence[Classification]:
        """Return a result for each text."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many pairs there are, and of how many labels and text are equal, from 0 to 1."""

    pairs: int
    labels: float
    text: float


def replies(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield messages, and what is put below each, in the language of the message."""
    below: dict[str, list[str]] = {}
    for line in _HISTORIES.read_text("utf-8").splitlines():
        row = json.loads(line)
        below.setdefault(row["lang"], []).append(row["below"])
    messages = [json.loads(line) for line in (CORPORA / "validation.jsonl").read_text("utf-8").splitlines()]
    pairs = [(row["text"], history) for row in messages for history in below[row["lang"]]]
    yield from random.Random(seed).sample(pairs, min(count, len(pairs)))


def measure(count: int = 400, *, seed: int = 1, model: Predicts | None = None) -> Shares:
    """Return the shares of so many pairs, by the shipped model if no other is given."""
    pairs = [(read(text), read(text + below)) for text, below in replies(count, seed)]
    model = model or ComplaintClassifier.from_pretrained()
    alone, below = (list(map(tags_of, model.predict(list(texts)))) for texts in zip(*pairs, strict=True))
    labels = sum(one == two for one, two in zip(alone, below, strict=True))
    text = sum(one == two for one, two in pairs)
    return Shares(len(pairs), labels / len(pairs), text / len(pairs))


def read(text: str) -> str:
    """Send a text through a mail; return what is read of it."""
    message = EmailMessage()
    message["From"] = "Marta <marta@example.com>"
    message["Subject"] = "Re: Pedido"
    message["Message-ID"] = "<1@example.com>"
    message.set_content(text)
    raw = message.as_bytes()
    return mime.read(mime.parse(raw), raw).text
