"""The policy as tables, and what another one would change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.console.formats import Formats
from api.console.names import Names
from api.recovery import Policy
from api.recovery.difference import Change
from api.recovery.plan import DeadlineKind

__all__ = ["Told", "promises_of", "told"]

_PAYOUT: Final = re.compile(
    r"(?P<id>\S+): (?P<kind>\w+)(?: (?P<share>[\d.]+)%)?(?: (?P<sums>[A-Z]{3} [\d.]+(?:/[A-Z]{3} [\d.]+)*))?"
    r"(?: within (?P<within>\d+ [\w ]+))?"
)
"""How a difference says what a guarantee pays."""


@dataclass(frozen=True, slots=True)
class Told:
    """What changes in a plan, in the reader's words: one value for another, or what a list gains and loses."""

    what: str
    before: str = ""
    after: str = ""
    gained: Sequence[str] = ()
    lost: Sequence[str] = ()


def told(change: Change, names: Names, fmt: Formats, promises: Mapping[str, str]) -> Told:
    """Put a change into words; a list of the same ids in another order gains and loses nothing.

    ``promises`` are the guarantees' own words, by id.
    """
    if isinstance(change.before, str | None) and isinstance(change.after, str | None):
        before, after = (_value(change.what, value, names, fmt) for value in (change.before, change.after))
        return Told(change.what, before, after)
    kind = change.what
    gained, lost = (
        [_item(kind, one, names, fmt, promises) for one in some if one not in others]
        for some, others in ((change.after, change.before), (change.before, change.after))
    )
    return Told(kind, gained=gained, lost=lost)


def _item(kind: str, item: str, names: Names, fmt: Formats, promises: Mapping[str, str]) -> str:
    """Return what an item of a list is called: a guarantee by its promise, one's payment by what and until when."""
    paid = _PAYOUT.fullmatch(item) if kind == "payouts" else None
    if paid is None:
        return promises.get(item) or names.word(kind, item)
    parts = [names.payout(paid["kind"])]
    parts += [fmt.percent(float(paid["share"]) / 100, digits=int("." in paid["share"]))] if paid["share"] else []
    for money in paid["sums"].split("/") if paid["sums"] else ():
        currency, _, amount = money.partition(" ")
        parts.append(fmt.amounts({"amount": amount}, {"amount": amount, "currency": currency}))
    parts += [names.span(paid["within"])] if paid["within"] else []
    return f"{promises.get(paid['id'], paid['id'])} ({', '.join(parts)})"


def promises_of(policies: Iterable[Policy], language: str) -> dict[str, str]:
    """Return what the guarantees of some policies promise, by id."""
    return {one.id: one.promise[language] for policy in policies for one in policy.guarantee}


def _value(what: str, value: str | None, names: Names, fmt: Formats) -> str:
    if not value:
        return "–"
    if what in tuple(DeadlineKind):
        return fmt.moment(value)
    if what == "compensation":
        currency, _, amounts = value.partition(" ")
        least, _, most = amounts.partition("-")
        return fmt.amounts({"amount": least}, {"amount": most, "currency": currency})
    return names.word({"priority": "priorities", "band": "bands"}.get(what, "owners"), value)
