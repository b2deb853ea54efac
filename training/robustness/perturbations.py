"""The changes that should not matter, each with the share of pairs that it may change."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.robustness import surroundings, swaps, typos, wording
from training.robustness.lists import Chance

Change = Callable[[str, str, Chance], str]
"""From a text, its language and chance to the changed text, which is the same where there is nothing to change."""

MEANING: Final = 0.02
"""Limit where the text stays well written."""

SLIPS: Final = 0.05
"""Limit where letters are lost."""

NOTHING: Final = 0.0
"""Limit of what is not said by the message at all."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One change. ``limit`` is the largest share of pairs of which any label may differ."""

    name: str
    change: Change
    limit: float

    def apply(self, text: str, language: str, seed: int) -> str:
        """Change ``text``; the same seed gives the same result."""
        own = zlib.crc32(f"{self.name}\n{text}".encode("utf-8", "surrogatepass"))
        return self.change(text, language, np.random.default_rng([seed, own]))


WORDING: Final = Perturbation("wording of another variety", wording.swap_wording, MEANING)

ORDERS: Final = Perturbation("prompt-like text", surroundings.with_prompt, MEANING)

PERTURBATIONS: Final = (
    Perturbation("first names, same gender", swaps.swap_names, MEANING),
    Perturbation("first names, other gender", swaps.swap_gender, MEANING),
    Perturbation("cities", swaps.swap_cities, MEANING),
    Perturbation("company names", swaps.swap_companies, MEANING),
    Perturbation("currency", swaps.swap_currencies, MEANING),
    WORDING,
    Perturbation("no accents", typos.without_accents, SLIPS),
    Perturbation("lower case", typos.lower_case, SLIPS),
    Perturbation("neighbouring keys", typos.wrong_keys, SLIPS),
    Perturbation("dropped letters", typos.dropped_letters, SLIPS),
    Perturbation("doubled letters", typos.doubled_letters, SLIPS),
    Perturbation("abbreviations", typos.abbreviations, SLIPS),
    Perturbation("signature", surroundings.with_signature, NOTHING),
    Perturbation("quoted thread", surroundings.with_thread, NOTHING),
    ORDERS,
)
