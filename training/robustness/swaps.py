"""First names, cities, companies and currencies in a text, put for others of their kind.

What stands twice in a text is replaced by the same both times. Agreement is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from training.robustness.lists import Chance, read, whole

GENDERS = ("male", "female")

_NO_PERSON_BEFORE = r"(?<!San )(?<!Santa )(?<!São )(?<!Santo )(?<!Dom )(?<!calle )(?<!rua )(?<!Rua )(?<!Calle )"
_NO_PERSON_AFTER = r"(?! Pessoa)"
_AMOUNT = r"\d[\d.,]*\d|\d"


def swap_names(text: str, language: str, chance: Chance) -> str:
    """Put other first names of the same gender."""
    return _put(text, _people(language), lambda name: _names(language, _gender(name, language)), chance)


def swap_gender(text: str, language: str, chance: Chance) -> str:
    """Put first names of the other gender."""
    other = dict(zip(GENDERS, reversed(GENDERS), strict=True))
    return _put(text, _people(language), lambda name: _names(language, other[_gender(name, language)]), chance)


def with_gender(text: str, language: str, gender: str, chance: Chance) -> str:
    """Put first names of ``gender`` (``male`` or ``female``) for all."""
    return _put(text, _people(language), lambda _: _names(language, gender), chance)


def swap_cities(text: str, language: str, chance: Chance) -> str:
    """Put other cities of the same region."""
    regions = {city: region for region in read("names")["places"][language].values() for city in region}
    return _put(text, _cities(language), lambda city: regions[city], chance)


def with_region(text: str, language: str, regions: Sequence[str], chance: Chance) -> str:
    """Put cities of ``regions`` for all."""
    places = read("names")["places"][language]
    cities = [city for region in regions for city in places[region]]
    return _put(text, _cities(language), lambda _: cities, chance)


def swap_companies(text: str, _language: str, chance: Chance) -> str:
    """Put other companies of the same trade."""
    trades = {name: trade for trade in read("names")["companies"].values() for name in trade}
    return _put(text, _companies(), lambda name: trades[name], chance)


def swap_currencies(text: str, _language: str, chance: Chance) -> str:
    """Write amounts in another way or another currency of a similar value; the figures stay."""

    def replaced(match: re.Match[str]) -> str:
        family = next(f for f in read("names")["currencies"] if (match["before"] or match["after"]) in _signs(f))
        amount = match["leading"] or match["trailing"]
        ways = [f"{sign} {amount}" for sign in family["before"]] + [f"{amount} {sign}" for sign in family["after"]]
        return _other(ways, match[0], chance)

    return _amounts().sub(replaced, text)


def _put(text: str, pattern: re.Pattern[str], options: Callable[[str], Sequence[str]], chance: Chance) -> str:
    """Replace what ``pattern`` finds by one of its ``options``, another than itself."""
    drawn: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        if match[0] not in drawn:
            drawn[match[0]] = _other(options(match[0]), match[0], chance)
        return drawn[match[0]]

    return pattern.sub(replaced, text)


def _other(options: Sequence[str], old: str, chance: Chance) -> str:
    """Draw one of ``options`` that isn't ``old``."""
    others = [option for option in options if option != old]
    return others[int(chance.integers(len(others)))]


def _names(language: str, gender: str) -> list[str]:
    """List the first names of one gender."""
    names: str = read("names")["people"][language][gender]
    return names.split()


def _gender(name: str, language: str) -> str:
    """Return the gender of a name; of a double one, that of its first part."""
    return "male" if name.split()[0] in _names(language, "male") else "female"


@cache
def _people(language: str) -> re.Pattern[str]:
    """Match a first name, or several in a row: ``María José`` is one person."""
    one = whole(name for gender in GENDERS for name in _names(language, gender))
    return re.compile(f"{_NO_PERSON_BEFORE}{one}(?: {one})*{_NO_PERSON_AFTER}")


@cache
def _cities(language: str) -> re.Pattern[str]:
    return re.compile(whole(city for region in read("names")["places"][language].values() for city in region))


@cache
def _companies() -> re.Pattern[str]:
    return re.compile(whole(name for trade in read("names")["companies"].values() for name in trade))


def _signs(family: dict[str, list[str]]) -> set[str]:
    """List every sign of a family of currencies."""
    return {*family["before"], *family["after"]}


@cache
def _amounts() -> re.Pattern[str]:
    """Match an amount with its currency, which stands before or behind it."""
    families = read("names")["currencies"]
    before = whole({sign for family in families for sign in family["before"]}).removesuffix(r"(?!\w)")
    after = whole({sign for family in families for sign in family["after"]}).removeprefix(r"(?<!\w)")
    return re.compile(
        rf"(?P<before>{before}) ?(?P<trailing>{_AMOUNT})|(?<![\w$€])(?P<leading>{_AMOUNT}) ?(?P<after>{after})"
    )
