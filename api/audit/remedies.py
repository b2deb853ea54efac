"""Whether equal failures got equal remedies: the same failure, equally grave, one band of compensation.

Distributive justice is judged against what others got (Adams 1965; Tax, Brown & Chandrashekaran 1998). What a customer
came for, a promise that the claim rests on and the country are no part of the failure; but a policy may have looked at
them on purpose, so a difference that goes along with them is told as a notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from api.audit.findings import Code, Finding
from api.store.plans import PlannedCase

__all__ = ["Circumstances", "Failure", "Remedies", "Suffered"]

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_EXAMPLES: Final = 2


@dataclass(frozen=True, slots=True)
class Suffered:
    """What one message says that went wrong."""

    justice: frozenset[str]
    quality: str | None
    touchpoint: str | None
    severity: str | None

    @classmethod
    def of(cls, labels: Mapping[str, Any]) -> Self:
        """Read a classification."""
        justice, quality, touchpoint, severity = (
            labels[task] or {} for task in ("justice", "quality", "touchpoint", "severity")
        )
        found = frozenset(justice.get("labels", ()))
        return cls(found, quality.get("label"), touchpoint.get("label"), severity.get("label"))

    def __str__(self) -> str:
        """Write it in one line."""
        told = {"justice": "+".join(sorted(self.justice)), "quality": self.quality, "touchpoint": self.touchpoint}
        return _told(told | {"severity": self.severity})


@dataclass(frozen=True, slots=True)
class Failure:
    """What makes two cases equal: all that their messages say; ``again`` is that an earlier recovery failed as well."""

    suffered: frozenset[Suffered]
    again: bool

    def __str__(self) -> str:
        """Write it in one line."""
        said = " and ".join(sorted(map(str, self.suffered)))
        return f"{said}, double deviation yes" if self.again else said


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a policy may have looked at besides the failure."""

    motive: frozenset[str]
    guarantee: bool
    country: str | None

    def __str__(self) -> str:
        """Write them in one line."""
        told = {"motive": "+".join(sorted(self.motive)), "guarantee": "yes" if self.guarantee else None}
        return _told(told | {"country": self.country})

    def apart(self, other: Circumstances) -> frozenset[str]:
        """Name what sets these apart from others."""
        names = (each.name for each in fields(self))
        return frozenset(name for name in names if getattr(self, name) != getattr(other, name))


@dataclass(slots=True)
class _Got:
    """How many cases got a band under a policy, and the first ones."""

    count: int = 0
    cases: list[str] = field(default_factory=list)


_Bands = dict[tuple[str, str], _Got]


class Remedies:
    """Remembers which bands each failure got: as many as there are combinations of labels, however many the cases."""

    def __init__(self) -> None:
        self._got: dict[Failure, dict[Circumstances, _Bands]] = {}

    def enter(self, case: PlannedCase) -> None:
        """Add a case.

        Left out is one whose plan names no band, whose messages can't be read, or that a person's labels planned.
        """
        try:
            band = str((case.plan or {})["compensation"]["band"])
            failure, circumstances = failure_of(case), circumstances_of(case)
        except (KeyError, TypeError, AttributeError):
            return
        if case.corrected:
            return
        bands = self._got.setdefault(failure, {}).setdefault(circumstances, {})
        got = bands.setdefault((case.policy_version or "", band), _Got())
        got.count += 1
        if len(got.cases) < _EXAMPLES:
            got.cases.append(case.id)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each failure that got several bands.

        Unequal under one policy, different for another motive, guarantee or country, or changed by another policy.
        """
        for failure, among in self._got.items():
            for circumstances, got in among.items():
                yield from _unequal(f"{failure}, {circumstances}".rstrip(", "), got)
            for policy in dict.fromkeys(policy for got in among.values() for policy, _ in got):
                yield from _different(failure, policy, among)


def failure_of(case: PlannedCase) -> Failure:
    """Return the failure that a case is about: what its plan was made for."""
    return Failure(frozenset(map(Suffered.of, _said(case))), case.double_deviation)


def circumstances_of(case: PlannedCase) -> Circumstances:
    """Return what else the messages of a case say; a country that is none is left out."""
    said = _said(case)
    motives = frozenset(label for labels in said for label in (labels["motive"] or {}).get("labels", ()))
    guarantee = any((labels["guarantee"] or {}).get("label") for labels in said)
    country = (case.customer or {}).get("country")
    known = country if isinstance(country, str) and _COUNTRY.fullmatch(country) else None
    return Circumstances(motives, guarantee, known)


def _said(case: PlannedCase) -> Sequence[Mapping[str, Any]]:
    """Return what was found in the complaints of a case."""
    return (case.classification or {}, *(complaint.classification for complaint in case.earlier))


def _unequal(what: str, got: _Bands) -> Iterator[Finding]:
    """Compare cases that are alike in everything."""
    by_policy: dict[str, dict[str, _Got]] = {}
    for (policy, band), cases in got.items():
        by_policy.setdefault(policy, {})[band] = cases
    for policy, bands in by_policy.items():
        if len(bands) > 1:
            yield _finding(Code.UNEQUAL, f"{what}, by policy {policy}", bands)
    if len({frozenset(bands) for bands in by_policy.values()}) > 1:
        named = {f"{band} by {policy}": cases for (policy, band), cases in got.items()}
        yield _finding(Code.CHANGED, what, named)


def _different(failure: Failure, policy: str, among: Mapping[Circumstances, _Bands]) -> Iterator[Finding]:
    """Compare cases of a failure under one policy that differ in what is no part of it."""
    bands = {each: frozenset(band for by, band in got if by == policy) for each, got in among.items()}
    known = [each for each, several in bands.items() if several]
    pairs = [(one, other) for one in known for other in known if bands[one] != bands[other]]
    if not pairs:
        return
    alone = [one.apart(other) for one, other in pairs if len(one.apart(other)) == 1]
    names = ", ".join(sorted(frozenset().union(*(alone or [one.apart(other) for one, other in pairs]))))
    one, other = min(pairs, key=lambda pair: len(pair[0].apart(pair[1])))
    named = {f"{band} ({each})": among[each][policy, band] for each in (one, other) for band in bands[each]}
    yield _finding(Code.DIFFERENT, f"{failure}, by policy {policy}, differs with {names}", named)


def _told(labels: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {label}" for name, label in labels.items() if label)


def _finding(code: Code, what: str, bands: Mapping[str, _Got]) -> Finding:
    """Say which bands, how often, and two cases to compare: the first of each of the first two."""
    said = ", ".join(f"{band} in {got.count} cases ({' '.join(got.cases)})" for band, got in sorted(bands.items()))
    one, other = list(bands.values())[:2]
    return Finding(code, f"{what}: {said}", {"case": one.cases[0], "other": other.cases[0]})
