"""Two turns of grammar that tell only the country: *está a fazer* in Portugal, *ha llegado* in Spain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["gerund", "preterite"]

_PROGRESSIVE: Final = frozenset(
    (
        *(
            "estou",
            "estas",
            "esta",
            "estamos",
            "estao",
            "estava",
            "estavas",
            "estavamos",
            "estavam",
            "estive",
            "esteve",
        ),
        *("ando", "anda", "andam", "andei", "andou", "continuo", "continua", "continuam", "continuei", "continuou"),
    )
)
_INFINITIVE: Final = re.compile(r".{2,}[aei]r|[lstv]er|[dr][ai]r|ir")

_HABER: Final = {"he": 0, "has": 1, "ha": 2, "hemos": 3, "han": 4}
_ENDINGS: Final = {"ado": ("é", "aste", "ó", "amos", "aron"), "ido": ("í", "iste", "ió", "imos", "ieron")}
_STRONG: Final = ("e", "iste", "o", "imos", "ieron")
_STRONG_J: Final = ("e", "iste", "o", "imos", "eron")
_REGULAR: Final = _ENDINGS["ido"]
_IRREGULAR: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    **dict.fromkeys(("sido", "ido"), ("fu", ("i", "iste", "e", "imos", "eron"))),
    "dado": ("d", ("i", "iste", "io", "imos", "ieron")),
    "visto": ("v", ("i", "iste", "io", "imos", "ieron")),
    "hecho": ("hic", _STRONG),
    "estado": ("estuv", _STRONG),
    "tenido": ("tuv", _STRONG),
    "podido": ("pud", _STRONG),
    "puesto": ("pus", _STRONG),
    "querido": ("quis", _STRONG),
    "sabido": ("sup", _STRONG),
    "venido": ("vin", _STRONG),
    "habido": ("hub", _STRONG),
    "andado": ("anduv", _STRONG),
    "dicho": ("dij", _STRONG_J),
    "traido": ("traj", _STRONG_J),
    "roto": ("romp", _REGULAR),
    "abierto": ("abr", _REGULAR),
    "cubierto": ("cubr", _REGULAR),
    "escrito": ("escrib", _REGULAR),
    "vuelto": ("volv", _REGULAR),
    "devuelto": ("devolv", _REGULAR),
    "resuelto": ("resolv", _REGULAR),
}
_CHANGING: Final = re.compile(
    r".*(?:duc|[aeou]|ten|ven|ped|serv|segu|repet|med|ment|sent|dorm|mor|fer|vert|eg|ex|il)ido"
)
"""Participles whose preterite changes its stem (*pidió*, *leyeron*); in the persons where it does they stay."""

_SAME_STEM: Final = frozenset((0, 1, 3))
_SHORTEST: Final = 5


def gerund(keys: Sequence[str], place: int) -> str | None:
    """Return *fazendo* at *a fazer* behind a form of *estar*: the progressive of Portugal in the words of Brazil.

    ``keys`` are the words of the text, small and without accents.
    """
    if not place or place + 1 >= len(keys) or keys[place] != "a" or keys[place - 1] not in _PROGRESSIVE:
        return None
    verb = keys[place + 1]
    return f"{verb[:-1]}ndo" if _INFINITIVE.fullmatch(verb) else None


def preterite(keys: Sequence[str], place: int) -> str | None:
    """Return *llegó* at *ha llegado*: what is said in Spain of today, and everywhere of yesterday."""
    if place + 1 >= len(keys) or (person := _HABER.get(keys[place])) is None:
        return None
    participle = keys[place + 1]
    if (irregular := _IRREGULAR.get(participle)) is not None:
        stem, endings = irregular
        return "hizo" if (stem, person) == ("hic", 2) else stem + endings[person]
    regular = _ENDINGS.get(participle[-3:])
    if regular is None or len(participle) < _SHORTEST:
        return None
    if participle.endswith("ido") and _CHANGING.fullmatch(participle) and person not in _SAME_STEM:
        return None
    stem = participle[:-3]
    if person == 0 and participle.endswith("ado"):
        stem = _before_e(stem)
    return stem + regular[person]


def _before_e(stem: str) -> str:
    """Write the end of a stem as it sounds before *e*: *pagué*, *busqué*, *empecé*."""
    for end, other in (("g", "gu"), ("c", "qu"), ("z", "c")):
        if stem.endswith(end):
            return stem[: -len(end)] + other
    return stem
