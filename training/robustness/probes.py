"""Sentences written for the suite: templates to perturb, and pairs whose answers are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from classifier.taxonomy import LANGUAGES
from training.robustness.lists import Chance, read

KINDS: Final = ("negation", "sarcasm")

_SLOT: Final = re.compile(r"\{(\w+)\}")
_MONEY: Final = {"es": ("euros", "€", "pesos"), "pt": ("euros", "€", "reais")}


@dataclass(frozen=True, slots=True)
class Message:
    """A text to perturb and its language."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two messages alike but for one thing: the first is a complaint, the second is none."""

    kind: str
    language: str
    complaint: str
    other: str


def template_messages(chance: Chance) -> list[Message]:
    """Fill every template once."""
    templates = read("probes")["templates"]
    return [Message(fill(text, language, chance), language) for language in LANGUAGES for text in templates[language]]


def dialect_pairs(language: str) -> list[tuple[str, str]]:
    """Return messages as two varieties write them, in the order of ``wording.varieties``."""
    return [(first, second) for first, second in read("probes")["dialects"][language]]


def contrasts(kind: str) -> list[Contrast]:
    """Return the pairs of one kind of ``KINDS``."""
    return [
        Contrast(kind, language, complaint, other)
        for language in LANGUAGES
        for complaint, other in read("probes")[kind][language]
    ]


def fill(text: str, language: str, chance: Chance) -> str:
    """Draw a value for each slot of ``text``; a slot that stands twice has the same value."""
    drawn: dict[str, str] = {}
    for slot in _SLOT.findall(text):
        if slot not in drawn:
            options = _options(slot, language)
            drawn[slot] = options[int(chance.integers(len(options)))]
    return _SLOT.sub(lambda match: drawn[match[1]], text)


def _options(slot: str, language: str) -> Sequence[str]:
    """List what may stand in a slot."""
    names = read("names")
    if slot == "name":
        return [name for group in names["people"][language].values() for name in group.split()]
    if slot == "city":
        return [city for region in names["places"][language].values() for city in region]
    if slot == "money":
        return _MONEY[language]
    companies: list[str] = names["companies"][slot]
    return companies
