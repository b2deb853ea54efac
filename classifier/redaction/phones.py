"""Telephone numbers, by the numbering plans of ``phonenumbers``.

Asking it takes some 50 microseconds a country, and a text may be nothing but numbers. So digits before which nothing is
dialled are compared with a country's plan right here. It is asked about the others, where what is left of them without
a country's code or a prefix can be a number of that plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

__all__ = ["is_valid"]

_REGIONS: Final = ("BR", "ES", "PT", "MX", "CO", "AR", "CL", "PE", "EC", "UY", "AO", "MZ")
_WRITTEN: Final = re.compile(r"[0-9 .()+-]+")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_KINDS: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip
_LONGEST_CODE: Final = 3
_ANYWHERE: Final = "001"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbering plan of a country: its calling code, what is dialled before a number, and its numbers."""

    code: str
    abroad: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    replaced: str | None
    numbers: re.Pattern[str]

    @classmethod
    def read(cls, known: Any) -> _Plan:
        """Read what ``phonenumbers`` knows of a country: a number is of a kind, and of the general form."""
        kinds = filter(None, map(_pattern, (getattr(known, kind) for kind in _KINDS)))
        abroad, prefix = known.international_prefix, known.national_prefix_for_parsing
        return cls(
            code=str(known.country_code),
            abroad=re.compile(abroad) if abroad else None,
            prefix=re.compile(prefix) if prefix else None,
            replaced=known.national_prefix_transform_rule or None,
            numbers=re.compile(rf"(?={_pattern(known.general_desc)}\Z)(?:{'|'.join(kinds)})"),
        )

    def begins_dialled(self, digits: str) -> bool:
        """Tell whether digits begin with what may be dialled before a number here."""
        if digits.startswith(self.code) or (self.abroad is not None and self.abroad.match(digits)):
            return True
        match = self.prefix.match(digits) if self.prefix else None
        return match is not None and (match.end() > 0 or match.lastindex is not None)

    def has(self, numbers: Iterable[str]) -> bool:
        """Tell whether one of them is a number of this country."""
        return any(map(self.numbers.fullmatch, numbers))

    def readings(self, digits: str) -> list[str]:
        """Return digits as they are and without what may be dialled before them, which is looked for twice."""
        found = [digits]
        if digits.startswith(self.code):
            found.append(digits[len(self.code) :])
        if self.prefix is not None:
            once = self._without_prefix(found, self.prefix)
            found += once + self._without_prefix(once, self.prefix)
        return found

    def _without_prefix(self, numbers: Iterable[str], prefix: re.Pattern[str]) -> list[str]:
        """Return what is left of those that begin with the prefix, or stands for them then."""
        found = []
        for digits in numbers:
            match = prefix.match(digits)
            if match is None:
                continue
            if match.end():
                found.append(digits[match.end() :])
            if self.replaced is not None and match.lastindex is not None:
                found.append(prefix.sub(self.replaced, digits, count=1))
        return found


def is_valid(written: str) -> bool:
    """Tell whether this is a number by its country code, or else in one of the countries that messages come from."""
    digits = _NO_DIGIT.sub("", written)
    plain = _WRITTEN.fullmatch(written) is not None
    if written.startswith("+"):
        return (not plain or _may_be_abroad(digits)) and _is_valid_in(written, None)
    if plain and not _may_be_at_home(digits):
        return False
    return any(_is_valid_at(written, digits, region) if plain else _is_valid_in(written, region) for region in _REGIONS)


def _is_valid_at(written: str, digits: str, region: str) -> bool:
    """Tell whether digits, and how they are written, are a number for who dials them in a country."""
    plan = _plan(region)
    if not plan.begins_dialled(digits):
        return plan.has([digits])
    return _may_be(digits, plan) and _is_valid_in(written, region)


def _is_valid_in(written: str, region: str | None) -> bool:
    """Ask ``phonenumbers``."""
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return bool(is_valid_number(parse(written, region)))
    except NumberParseException:
        return False


def _may_be_at_home(digits: str) -> bool:
    """Tell at the least cost whether digits may be a number of any country, or begin with what may be dialled first."""
    dialled, numbers = _home()
    return numbers.fullmatch(digits) is not None or any(
        (match := first.match(digits)) and match.end() for first in dialled
    )


def _may_be(digits: str, plan: _Plan) -> bool:
    """Tell at little cost whether digits that are dialled in a country may be a number there, or abroad."""
    if plan.has(plan.readings(digits)):
        return True
    abroad = plan.abroad.match(digits) if plan.abroad else None
    return abroad is not None and _may_be_abroad(digits[abroad.end() :])


def _may_be_abroad(digits: str) -> bool:
    """Tell at little cost whether digits may be a country's code and a number there."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    if digits.startswith("0"):
        return False
    for length in range(1, min(_LONGEST_CODE, len(digits)) + 1):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]))
        if regions and _ANYWHERE in regions:
            return True
        if regions:
            readings = _plan(regions[0]).readings(digits[length:])
            return any(_plan(region).has(readings) for region in regions)
    return False


def _pattern(kind: Any) -> str:
    """Return the pattern of a kind of numbers, which are as long as they may be; empty if there are none."""
    if kind is None or not kind.national_number_pattern:
        return ""
    lengths = "|".join(f"[0-9]{{{length}}}" for length in kind.possible_length)
    return (rf"(?=(?:{lengths})\Z)" if lengths else "") + f"(?:{kind.national_number_pattern})"


@cache
def _plan(region: str) -> _Plan:
    """Return the plan of a country, read when the first number may be there."""
    from phonenumbers import PhoneMetadata

    return _Plan.read(PhoneMetadata.metadata_for_region(region))


@cache
def _home() -> tuple[tuple[re.Pattern[str], ...], re.Pattern[str]]:
    """Return patterns of what is dialled before a number anywhere that messages come from, and one of all numbers."""
    plans = [_plan(region) for region in _REGIONS]
    dialled = {part.pattern for plan in plans for part in (plan.abroad, plan.prefix) if part is not None}
    empty = {pattern for pattern in dialled if re.match(pattern, "")}  # may stand for nothing, so each is tried
    codes = {plan.code for plan in plans}
    together = "|".join(f"(?:{pattern})" for pattern in sorted(dialled - empty | codes))
    numbers = "|".join(plan.numbers.pattern for plan in plans)
    return tuple(map(re.compile, [together, *sorted(empty)])), re.compile(numbers)
