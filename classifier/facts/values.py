"""The normalised value of a matched fact, or ``None`` where the match turns out to state none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from classifier.facts.lexicon import Lexicon
from classifier.facts.tokens import CODE, DATE, NUMBER, Token, fold
from classifier.types import FactValue

__all__ = ["READERS", "Match", "parse_number"]

_SIGN_CURRENCY: Final = {
    "r$": "BRL", "€": "EUR", "£": "GBP", "us$": "USD", "u$s": "USD", "usd$": "USD", "mx$": "MXN", "s/": "PEN",
}  # fmt: skip
_WORD_CURRENCY: Final = {
    "euro": "EUR", "euros": "EUR", "real": "BRL", "reales": "BRL", "reais": "BRL", "sol": "PEN", "soles": "PEN",
    "dolar": "USD", "dolares": "USD", "guaranies": "PYG", "bolivianos": "BOB", "colones": "CRC", "quetzales": "GTQ",
    "lempiras": "HNL", "bolivares": "VES", "conto": "BRL", "contos": "BRL", "mn": "MXN",
}  # fmt: skip
_COUNTRY_CURRENCY: Final = {
    "mexicanos": "MXN", "colombianos": "COP", "argentinos": "ARS", "chilenos": "CLP", "uruguayos": "UYU",
    "dominicanos": "DOP",
}  # fmt: skip
_UNITS: Final = {"h": "hours", "d": "days", "s": "weeks", "m": "months"}
_MONTHS: Final = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
_MONTHS_PT: Final = {"jan": 1, "fev": 2, "mai": 5, "set": 9, "out": 10, "dez": 12}
_MONTH: Final = {**{name: number for number, name in enumerate(_MONTHS, 1)}, **_MONTHS_PT}
_MOST_CONTACTS: Final = 99
_LONGEST_AMOUNT: Final = 12
_ALWAYS_TRUSTED_DIGITS: Final = 5
_NOWADAYS: Final = (" en dia", " em dia")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens ``first`` to ``last`` (exclusive) of a text that a pattern of ``label`` matched."""

    text: str
    tokens: list[Token]
    first: int
    last: int
    label: str
    lexicon: Lexicon

    @property
    def inside(self) -> list[Token]:
        """The matched tokens."""
        return self.tokens[self.first : self.last]

    def words(self, name: str) -> list[str]:
        """Return the matched symbols that belong to a word set."""
        members = self.lexicon.words.get(name, frozenset())
        return [token.symbol for token in self.inside if token.symbol in members]

    def raw(self, token: Token) -> str:
        """Return a token as it was written."""
        return self.text[token.start : token.end]

    def near(self, name: str, before: int, after: int) -> bool:
        """Tell whether a word of a set stands close by, in the same sentence."""
        members = self.lexicon.words[name]
        ahead = self.tokens[self.last : self.last + after]
        behind = self.tokens[max(0, self.first - before) : self.first][::-1]
        return any(_finds(members, side) for side in (behind, ahead))


def parse_number(written: str) -> Decimal:
    """Read ``1.250,00``, ``1,250.00``, ``1.250`` and ``49,9``; three digits after a lone sign are thousands."""
    signs = re.findall("[.,]", written)
    if not signs:
        return Decimal(written)
    head, _, tail = written.rpartition(signs[-1])
    grouped = len(tail) == 3 and len(set(signs)) == 1 and head != "0"
    whole = re.sub("[.,]", "", head)
    return Decimal(whole + tail) if grouped else Decimal(f"{whole}.{tail}")


def _read_amount(match: Match) -> FactValue | None:
    number = _quantity(match)
    if number is None:
        return None
    return {"currency": _currency(match), "amount": str(number.quantize(_CENT))}


def _quantity(match: Match) -> Decimal | None:
    """Multiply the number by its thousands and millions; ``un real`` is no amount."""
    number = Decimal(1)
    written = False
    for token in match.inside:
        if token.symbol == NUMBER:
            raw = match.raw(token)
            if len(raw) > _LONGEST_AMOUNT:
                return None
            number, written = number * parse_number(_ascii_digits(raw)), True
        elif token.symbol in match.lexicon.numbers:
            number *= match.lexicon.numbers[token.symbol]
    return number if written or number > 1 else None


def _currency(match: Match) -> str:
    """Return the ISO code, or an empty string where only ``$`` or ``pesos`` is written."""
    for iso in match.words("iso"):
        return _WORD_CURRENCY.get(iso, iso.upper())
    for country in match.words("country"):
        if country in _COUNTRY_CURRENCY:
            return _COUNTRY_CURRENCY[country]
    for word in match.words("currency"):
        return _WORD_CURRENCY.get(word, "")
    return next((_SIGN_CURRENCY.get(sign, "") for sign in match.words("sign")), "")


def _read_reference(match: Match) -> FactValue | None:
    written = match.raw(next(token for token in reversed(match.inside) if token.symbol in (NUMBER, CODE)))
    digits = sum(character.isdigit() for character in written)
    announced = bool(match.words("number_sign")) or ":" in [token.symbol for token in match.inside]
    enough = digits >= _ALWAYS_TRUSTED_DIGITS or (digits >= 3 and announced)
    if not enough or "," in written or _is_price(match):
        return None
    return {"type": match.label, "number": written}


def _is_price(match: Match) -> bool:
    """Tell whether money is named right after the number: ``la compra de 25000 pesos``."""
    following = match.tokens[match.last : match.last + 1]
    money = match.lexicon.words["currency"] | match.lexicon.words["iso"] | match.lexicon.words["suffix_sign"]
    return any(token.symbol in money for token in following)


def _read_date(match: Match) -> FactValue | None:
    if match.label != "absolute":
        end = match.inside[-1].end
        if fold(match.text[end : end + 7]) in _NOWADAYS:
            return None
        return {"relative": match.label}
    if match.inside[0].symbol == DATE:
        return _numeric_date(_ascii_digits(match.raw(match.inside[0])))
    return _written_date(match)


def _numeric_date(written: str) -> FactValue | None:
    """Read ``12/03/2026``, ``12/03/26``, ``2026-03-12`` and ``12/03``, day before month."""
    parts = [int(part) for part in re.split("[/.-]", written)]
    if len(parts) == 2:
        return _partial(None, parts[1], parts[0])
    if parts[0] > 31:
        return _partial(parts[0], parts[1], parts[2])
    year = parts[2] if parts[2] > 99 else 2000 + parts[2]
    return _partial(year, parts[1], parts[0])


def _written_date(match: Match) -> FactValue | None:
    """Read ``12 de marzo de 2026`` and ``marzo de 2026``."""
    month_at = next(index for index, token in enumerate(match.inside) if token.symbol in match.lexicon.words["month"])
    month = _MONTH[match.inside[month_at].symbol[:3]]
    before = [_whole(match.raw(token)) for token in match.inside[:month_at] if token.symbol == NUMBER]
    after = [_whole(match.raw(token)) for token in match.inside[month_at:] if token.symbol == NUMBER]
    year = after[0] if after else None
    day = before[0] if before else (1 if month_at else None)
    if year is not None and not 1900 <= year <= 2100:
        return None
    return _partial(year, month, day)


def _partial(year: int | None, month: int, day: int | None) -> FactValue | None:
    """Write what is known of a date in ISO form; ``None`` for a day that no calendar has."""
    if day is None:
        return {"date": f"{year:04}-{month:02}"} if year else None
    try:
        date(year or 2000, month, day)
    except ValueError:
        return None
    return {"date": f"{year:04}-{month:02}-{day:02}" if year else f"--{month:02}-{day:02}"}


def _read_deadline(match: Match) -> FactValue | None:
    number = _quantity_or_one(match)
    working = bool(match.words("working"))
    promised = working or match.near("promise", before=8, after=5)
    if number is None or not promised or _is_elapsed(match):
        return None
    unit = _UNITS[match.words("unit")[0][0]]
    return {"amount": number, "unit": "business_days" if working and unit == "days" else unit}


def _is_elapsed(match: Match) -> bool:
    """Tell whether the time is one that has passed: ``hace 5 días``, ``há 5 dias``, ``5 dias atrás``."""
    return match.near("elapsed", before=2, after=1)


def _quantity_or_one(match: Match) -> int | None:
    """Return the whole number of a match, also ``una semana``; ``None`` for fractions and very large ones."""
    token = match.inside[0]
    number = match.lexicon.numbers.get(token.symbol) or _whole(match.raw(token))
    return number if 0 < number < 1000 else None


def _read_contacts(match: Match) -> FactValue | None:
    counts = [
        match.lexicon.numbers.get(token.symbol) or _whole(match.raw(token))
        for token in match.inside
        if token.symbol == NUMBER or token.symbol in match.lexicon.numbers
    ]
    count = max(counts, default=0)
    if match.words("ordinal") and not (match.words("called") or match.words("contact")):
        count = count if match.near("called", before=6, after=5) else 0
    return {"count": count} if 2 <= count <= _MOST_CONTACTS else None


def _read_request(match: Match) -> FactValue | None:
    return {"type": match.label}


def _whole(written: str) -> int:
    """Read a whole number, 0 if it has a fraction or is too long to count anything."""
    digits = _ascii_digits(written)
    return int(digits) if digits.isdecimal() and len(digits) <= 6 else 0


def _ascii_digits(written: str) -> str:
    """Write digits of other scripts as 0 to 9."""
    return "".join(str(int(character)) if character.isdecimal() else character for character in fold(written))


def _finds(members: frozenset[str], side: list[Token]) -> bool:
    """Look for a member up to the end of the sentence."""
    for token in side:
        if token.symbol in (".", "!", "?", ";"):
            return False
        if token.symbol in members:
            return True
    return False


READERS: Final[Mapping[str, Callable[[Match], FactValue | None]]] = {
    "amount": _read_amount,
    "reference": _read_reference,
    "date": _read_date,
    "deadline": _read_deadline,
    "contacts": _read_contacts,
    "request": _read_request,
}
"""For each kind of fact, how its value is read."""
