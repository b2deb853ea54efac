"""The words of ``lexicon/names.toml``, each with what it can be."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["Gazetteer", "Sense", "load_gazetteer"]

_WEAK_MARK: Final = "_"


class Sense(IntFlag):
    """What a word can be. ``WEAK`` names are also everyday words or places."""

    GIVEN = 1
    SURNAME = 2
    WEAK = 4
    TITLE = 8
    ROLE = 16
    INTRO = 32
    GREETING = 64
    CLOSING = 128
    VERB = 256
    THING = 512
    WORD = 1024


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """``senses`` by word in lower case; ``triggers`` are the words without which a text is not searched for names."""

    senses: dict[str, int]
    triggers: frozenset[str]
    brands: frozenset[tuple[str, str]]


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
            for spelling in {name, _without_accents(name)}:
                senses[spelling] |= sense | (Sense.WEAK if weak or spelling in everyday else 0)
    names = Sense.GIVEN | Sense.SURNAME | Sense.TITLE | Sense.INTRO | Sense.ROLE
    triggers = frozenset(word for word, sense in senses.items() if sense & names)
    brands = frozenset((pair[0], pair[1]) for line in lists["brands"].split("|") if len(pair := line.split()) > 1)
    return Gazetteer(dict(senses), triggers, brands)


def _without_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
