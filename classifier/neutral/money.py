"""One sign for currencies whose units are worth about as much."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["one_currency"]

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


def one_currency(text: str) -> str:
    """Write each amount of money with one sign for all currencies whose units are worth about as much."""
    return _AMOUNT.sub(_with_one_sign, text)


def _with_one_sign(amount: re.Match[str]) -> str:
    place = str(amount.lastgroup)
    return _CURRENCIES[int(place[-1])][0].format(amount[place])
