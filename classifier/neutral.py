"""What should move no label is not read: who somebody is, how money is written, what is said to a machine.

A model can't judge by a name that it doesn't see. This is the last step before the network and the n-grams, in use and
in training; facts, evidence and what is shown to people keep the text as it came.
"""

from __future__ import annotations

import re
from typing import Final

from classifier.prompt_injection import without_injections
from classifier.redaction import find_names

__all__ = ["neutral", "one_currency", "one_name"]

NAME: Final = "Alex"
"""Stands for every person: a man's name and a woman's in both languages."""

_CURRENCIES: Final = (
    ("{} €", r"€|eur|us\$|u\$s|usd|£", r"€|eur(?:os?)?|usd|d[oó]lar(?:es)?"),
    ("R$ {}", r"r\$|brl|s/\.?", r"r\$|brl|rea(?:l|is)|soles"),
    ("$ {}", r"\$|mx\$|mxn|cop|clp|ars|uyu", r"\$|mxn|cop|clp|ars|uyu|pesos?"),
)
"""How an amount is written, and the signs before and behind it, of currencies whose units are worth about as much."""

_NUMBER: Final = r"\d+(?:[.,]\d+)*+"
_AMOUNT: Final = re.compile(
    "|".join(
        [
            rf"(?<!\w)(?:{before}) ?(?P<before_{i}>{_NUMBER})(?: ?(?:{behind})(?![\w-]))?"
            for i, (_, before, behind) in enumerate(_CURRENCIES)
        ]
        + [
            rf"(?<![\w.,$€])(?P<behind_{i}>{_NUMBER}) ?(?:{behind})(?![\w-])"
            for i, (_, _, behind) in enumerate(_CURRENCIES)
        ]
    ),
    re.IGNORECASE,
)


def neutral(text: str) -> str:
    """Return what is read of a text that ``preprocess`` returned; never without words if the text has some."""
    return one_currency(one_name(without_injections(text).strip()))


def one_name(text: str) -> str:
    """Put one name for that of every person."""
    for start, end in reversed(find_names(text)):
        text = f"{text[:start]}{NAME}{text[end:]}"
    return text


def one_currency(text: str) -> str:
    """Write each amount of money with one sign for all currencies whose units are worth about as much."""
    return _AMOUNT.sub(_with_one_sign, text)


def _with_one_sign(amount: re.Match[str]) -> str:
    place = str(amount.lastgroup)
    return _CURRENCIES[int(place[-1])][0].format(amount[place])
