"""What only the word before it makes personal: a plate, a passport, a date of birth, a key for payments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from classifier.redaction.cues import words
from classifier.redaction.reading import Reading

__all__ = ["KINDS", "find"]


@dataclass(frozen=True, slots=True)
class _Announced:
    """A kind, the patterns of what it looks like, the surest first, and how many characters may lie between.

    ``reach`` counts from the end of the word that announces it.
    """

    kind: str
    patterns: tuple[re.Pattern[str], ...]
    reach: int


_MONTHS: Final = "ene|feb|mar|abr|may|jun|jul|ago|sep|set|oct|nov|dic|jan|fev|mai|out|dez"
_S: Final = "[ .-]?"
_PLATE: Final = re.compile(
    r"(?<![\w.-])(?:"
    rf"[A-Z]{{1,4}}{_S}[0-9]{{2,4}}(?:{_S}[0-9]{{2}})?(?:{_S}[A-Z]{{1,3}})?|"
    rf"[A-Z]{{2}}{_S}[A-Z]{{2}}{_S}[0-9]{{2}}|[A-Z]{{2}}{_S}[0-9]{{2}}{_S}[0-9]{{2}}{_S}[A-Z]{{2}}|"
    rf"[A-Z]{{3}}{_S}[0-9][A-Z][0-9]{{2}}|[A-Z][0-9][A-Z]{_S}[0-9]{{3}}|"
    rf"[0-9]{{4}}{_S}[A-Z]{{3}}|[0-9]{{2}}{_S}[A-Z]{{2}}{_S}[0-9]{{2}}|[0-9]{{2}}{_S}[0-9]{{2}}{_S}[A-Z]{{2}}|"
    rf"[0-9]{{3}}{_S}[A-Z]{{3}}"
    r")(?![\w]|-\w)",
)
_PLATE_SMALL: Final = re.compile(_PLATE.pattern.replace(_S, "-?"), re.IGNORECASE)
_PASSPORT: Final = re.compile(r"(?<!\w)[A-Z]{0,3}[ -]?[0-9]{6,9}(?!\w)", re.IGNORECASE)
_DATE: Final = re.compile(
    rf"(?<!\w)(?:[0-9]{{1,2}}(?:º|°|ro|ero)?[ ./-](?:de )?(?:(?:{_MONTHS})[a-zç]{{0,8}}|[0-9]{{1,2}})\.?"
    rf"(?:,?[ ./-](?:del? )?(?:[0-9]{{4}}|[0-9]{{2}}))?|[0-9]{{4}}[./-][0-9]{{1,2}}[./-][0-9]{{1,2}})(?!\w)",
    re.IGNORECASE,
)
_UUID: Final = re.compile(r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)", re.IGNORECASE)
_WORDS: Final = {
    "plate": r"placas?|patente|matr[ií]culas?|chapa|dominio",
    "vehicle": r"veh[ií]culo|ve[ií]culo|carro|coche|auto|autom[oó]vil|moto|cami[oó]n|camioneta|caminh[aã]o",
    "passport": r"pass?aportes?",
    "birthdate": r"nac[ií]|naci[oó]|nasceu|nacid[oa]s?|nacimiento|nac|nasci|nascid[oa]s?|nascimento|nasc|dn|"
    r"f\.? ?n|cumplea[nñ]os|"
    r"cumplo|anivers[aá]rio|fa[cç]o anos",
}
_RULES: Final = {
    "plate": _Announced("plate", (_PLATE, _PLATE_SMALL), 34),
    "vehicle": _Announced("plate", (_PLATE,), 22),
    "passport": _Announced("passport", (_PASSPORT,), 24),
    "birthdate": _Announced("birthdate", (_DATE,), 24),
}
_CUE: Final = re.compile(
    "|".join(rf"(?P<{name}>(?<!\w)(?:{words})(?!\w))" for name, words in _WORDS.items()), re.IGNORECASE
)
_CUE_WORDS: Final = words("announcing")
_REFERENCE: Final = re.compile(
    r"(?:pedido|orden|ordem|protocolo|folio|ticket|transac[cç][aiãó]+[on]|rastreio|chamado|n[uú]mero de serie)\W{0,4}$",
    re.IGNORECASE,
)
_REFERENCE_REACH: Final = 20
_LONGEST: Final = 24
_HYPHENS: Final = 4

KINDS: Final = (*dict.fromkeys(rule.kind for rule in _RULES.values()), "pix")


def find(reading: Reading) -> None:
    """Take what a word just before announces, and random keys that no word calls a reference."""
    text = reading.text
    if text.count("-") >= _HYPHENS:
        for match in _UUID.finditer(text):
            if not _REFERENCE.search(text[max(0, match.start() - _REFERENCE_REACH) : match.start()]):
                reading.take("pix", *match.span())
    for cue in _CUE.finditer(text) if reading.has(_CUE_WORDS) else ():
        rule = _RULES[cue.lastgroup or ""]
        for pattern in rule.patterns:
            told = pattern.search(text, cue.end(), cue.end() + rule.reach + _LONGEST)
            if told and told.start() - cue.end() <= rule.reach and _same_sentence(text, cue.end(), told.start()):
                reading.take(rule.kind, *told.span())
                break


def _same_sentence(text: str, start: int, end: int) -> bool:
    """Tell whether no sentence ends between two places."""
    between = text[start:end]
    return "\n" not in between.strip() and not re.search(r"[.!?;]\s+\w{2,}\s", between)
