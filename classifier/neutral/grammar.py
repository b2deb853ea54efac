"""Turns of grammar that tell only the country.

*Está a fazer* and *disseram-me* in Portugal, *ha llegado* and *cobráis* in Spain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["CLITICS", "gerund", "preterite", "ustedes"]

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

CLITICS: Final = frozenset(("me", "te", "se", "lhe", "lhes", "nos", "vos"))
"""Pronouns that Portugal puts behind the verb, with a hyphen, and Brazil before it."""

_HABER: Final = {"he": 0, "has": 1, "ha": 2, "hemos": 3, "han": 4, "habeis": 4}
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


_VOSOTROS: Final = (
    *(("asteis", "aron"), ("isteis", "ieron"), ("riais", "rían"), ("areis", "arán"), ("ereis", "erán")),
    *(("ireis", "irán"), ("abais", "aban"), ("iais", "ían"), ("ais", "an"), ("eis", "en")),
)
_OWN_FORM: Final = {
    "sois": "son",
    "vais": "van",
    "dais": "dan",
    "veis": "ven",
    "estais": "están",
    "habeis": "han",
    "teneis": "tienen",
    "quereis": "quieren",
    "querreis": "querrán",
    "podreis": "podrán",
    "tendreis": "tendrán",
    "vendreis": "vendrán",
    "saldreis": "saldrán",
    "pondreis": "pondrán",
    "hareis": "harán",
    "habreis": "habrán",
    "sabreis": "sabrán",
    "direis": "dirán",
}
_NO_VERB: Final = frozenset(("jamais", "demais", "bonsais", "dieciseis", "veintiseis"))
_BROKEN: Final = {
    **dict.fromkeys(("volv", "devolv", "resolv", "mov", "encontr", "cont", "prob", "mostr", "record", "acord"), "ue"),
    **dict.fromkeys(("demostr", "cost", "pod", "aprob", "rog", "sol", "llov"), "ue"),
    **dict.fromkeys(("cerr", "pens", "entend", "atend", "perd", "quer", "empez", "comenz", "recomend", "neg"), "ie"),
    **dict.fromkeys(("defend", "encend", "calent", "acert", "despert", "gobern", "extend"), "ie"),
}
"""Stems whose vowel breaks under the stress, which *ustedes* puts on it: *volvéis*, *vuelven*."""


def ustedes(key: str) -> str | None:
    """Return *cobran* for *cobrais*: what is said in Spain to several people, in the words of America.

    ``key`` is the word, small and without accents.
    """
    if (known := _OWN_FORM.get(key)) is not None:
        return known
    if len(key) < _SHORTEST or not key.endswith("is") or key in _NO_VERB:
        return None
    for ending, other in _VOSOTROS:
        if key.endswith(ending):
            stem = key[: -len(ending)]
            if ending in ("ais", "eis") and (vowels := _BROKEN.get(stem)) is not None:
                place = max(stem.rfind("o"), stem.rfind("e"))
                stem = stem[:place] + vowels + stem[place + 1 :]
            return stem + other
    return None


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
