"""Legal clocks on answering a complaint: ``clocks.toml``, data with a source each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from api.recovery.spans import Span

__all__ = ["LegalClock", "binding_clocks", "legal_clocks"]


@dataclass(frozen=True, slots=True)
class LegalClock:
    """A term set by law, for what is received from ``starts`` until ``ends``.

    ``verified_on`` is ``None`` where nobody has compared it with its source yet: such a term binds nobody.
    """

    id: str
    country: str
    scope: str
    within: Span
    source: str
    url: str
    verified_on: date | None = None
    starts: date | None = None
    ends: date | None = None
    touchpoints: frozenset[str] = frozenset()
    justices: frozenset[str] = frozenset()

    def concerns(self, labels: Mapping[str, frozenset[str]]) -> bool:
        """Say whether the clock is about a failure of these labels."""
        wanted = (("touchpoint", self.touchpoints), ("justice", self.justices))
        return all(not values or values & labels.get(name, frozenset()) for name, values in wanted)


@lru_cache(maxsize=1)
def legal_clocks() -> tuple[LegalClock, ...]:
    """Return every clock of the file."""
    source = files("api.recovery").joinpath("clocks.toml").read_text(encoding="utf-8")
    return tuple(_clock(row) for row in tomllib.loads(source)["clock"])


def _clock(row: Mapping[str, Any]) -> LegalClock:
    return LegalClock(
        id=row["id"],
        country=row["country"],
        scope=row["scope"],
        within=Span.parse(row["within"]),
        source=row["source"],
        url=row["url"],
        verified_on=row.get("verified_on"),
        starts=row.get("from"),
        ends=row.get("until"),
        touchpoints=frozenset(row.get("touchpoints", ())),
        justices=frozenset(row.get("justices", ())),
    )


def binding_clocks(
    country: str | None, scopes: tuple[str, ...], labels: Mapping[str, frozenset[str]], on: date
) -> tuple[LegalClock, ...]:
    """Return the verified clocks that bind a complaint received on ``on`` by a firm of these scopes."""
    return tuple(
        clock
        for clock in legal_clocks()
        if clock.country == country
        and clock.scope in scopes
        and clock.verified_on is not None
        and (clock.starts or on) <= on <= (clock.ends or on)
        and clock.concerns(labels)
    )
