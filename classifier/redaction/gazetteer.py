"""The words of ``lexicon/names.toml``, each with what it can be."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from classifier.accents import without_accents

__all__ = ["Gazetteer", "Sense", "load_gazetteer"]

_WEAK_MARK: Final = "_"


class Sense:
    """What a word can be, as bits of a plain number: ``enum.IntFlag`` takes ten times as long to ask.

    ``WEAK`` names are also everyday words or places.
    """

    GIVEN: Final = 1
    SURNAME: Final = 2
    WEAK: Final = 4
    TITLE: Final = 8
    ROLE: Final = 16
    INTRO: Final = 32
    GREETING: Final = 64
    CLOSING: Final = 128
    VERB: Final = 256
    THING: Final = 512
    WORD: Final = 1024


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """``senses`` by word in lower case; ``triggers`` are the words without which a text is not searched for names."""

    senses: dict[str, int]
    triggers: frozenset[str]
    brands: dict[str, list[list[str]]]


@lru_cache(maxsize=1)
def load_gazetteer() -> Gazetteer:
    """Read the lists once; names are entered with their accents and without."""
    lists = tomllib.loads((files("classifier") / "lexicon" / "names.toml").read_text(encoding="utf-8"))
    senses: dict[str, int] = defaultdict(int)
    for key, sense in (("words", Sense.WORD), ("titles", Sense.TITLE), ("roles", Sense.ROLE), ("intros", Sense.INTRO),
                       ("greetings", Sense.GREETING), ("closings", Sense.CLOSING), ("verbs", Sense.VERB),
                       ("things", Sense.THING)):  # fmt: skip
        for word in lists[key].split():
            senses[word] |= sense
    everyday = frozenset(senses)
    for key, sense in (("given", Sense.GIVEN), ("surnames", Sense.SURNAME)):
        for word in lists[key].split():
            name = word.rstrip(_WEAK_MARK)
            weak = word != name
            for spelling in {name, without_accents(name)}:
                senses[spelling] |= sense | (Sense.WEAK if weak or spelling in everyday else 0)
    names = Sense.GIVEN | Sense.SURNAME | Sense.TITLE | Sense.INTRO | Sense.ROLE
    triggers = frozenset(word for word, sense in senses.items() if sense & names)
    brands: dict[str, list[list[str]]] = defaultdict(list)
    for brand in re.split(r"[|\n]", lists["brands"].strip()):
        brands[brand.split()[0]].append(brand.split())
    return Gazetteer(dict(senses), triggers, dict(brands))
