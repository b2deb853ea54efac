"""The policy as tables, and what another one would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.console.formats import Formats
from api.console.names import Names
from api.recovery import Policy
from api.recovery.case import Money
from api.recovery.changes import Change, Payment, Range, Value

__all__ = ["Told", "promises_of", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """What changes in a plan, in the reader's words: one value for another, or what a list gains and loses."""

    what: str
    before: str = ""
    after: str = ""
    gained: Sequence[str] = ()
    lost: Sequence[str] = ()


def told(change: Change, names: Names, fmt: Formats, promises: Mapping[str, str]) -> Told:
    """Put a change into words; a list of the same items in another order gains and loses nothing.

    ``promises`` are the guarantees' own words, by id.
    """
    what, before, after = change.what, change.before, change.after
    if not (isinstance(before, tuple) and isinstance(after, tuple)):
        return Told(what, *(_value(what, value, names, fmt) for value in (before, after)))
    gained, lost = (
        [_item(what, one, names, fmt, promises) for one in some if one not in others]
        for some, others in ((after, before), (before, after))
    )
    return Told(what, gained=gained, lost=lost)


def promises_of(policies: Iterable[Policy], language: str) -> dict[str, str]:
    """Return what the guarantees of some policies promise, by id."""
    return {one.id: one.promise[language] for policy in policies for one in policy.guarantee}


def _item(kind: str, item: str | Payment, names: Names, fmt: Formats, promises: Mapping[str, str]) -> str:
    """Return what an item of a list is called: a guarantee by its promise, a payment by what and until when."""
    if isinstance(item, str):
        return promises.get(item) or names.word(kind, item)
    parts = [names.payout(item.payout)]
    parts += [_share(item.share, fmt)] if item.share is not None else []
    parts += [_money(money, money, fmt) for money in item.sums]
    parts += [names.span(item.within)] if item.within else []
    return f"{promises.get(item.guarantee, item.guarantee)} ({', '.join(parts)})"


def _value(what: str, value: Value, names: Names, fmt: Formats) -> str:
    match value:
        case datetime():
            return fmt.moment(value)
        case Range():
            return _money(value.least, value.most, fmt)
        case str() if value:
            return names.word({"priority": "priorities", "band": "bands"}.get(what, "owners"), value)
        case _:
            return "–"


def _share(share: float, fmt: Formats) -> str:
    """Write a percentage, with as many digits after the point as it has, two at most."""
    exact = round(100 * share, 2)
    return fmt.percent(share, next(digits for digits in range(3) if round(exact, digits) == exact))


def _money(least: Money, most: Money, fmt: Formats) -> str:
    return fmt.amounts({"amount": least.amount}, {"amount": most.amount, "currency": most.currency})
