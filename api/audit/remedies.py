"""Whether equal failures got equal remedies: the same failure, severity and country, one band of compensation.

Distributive justice is judged against what others got (Adams 1965; Tax, Brown & Chandrashekaran 1998).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from api.audit.findings import Code, Finding
from api.store.plans import PlannedCase

__all__ = ["Failure", "Remedies"]

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_EXAMPLES: Final = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """What makes two cases equal; ``again`` is that an earlier recovery had failed as well."""

    motive: frozenset[str]
    justice: frozenset[str]
    quality: str | None
    touchpoint: str | None
    guarantee: bool | None
    severity: str | None
    country: str | None
    again: bool

    def __str__(self) -> str:
        """Write it in one line."""
        told = {
            "motive": "+".join(sorted(self.motive)),
            "justice": "+".join(sorted(self.justice)),
            "quality": self.quality,
            "touchpoint": self.touchpoint,
            "severity": self.severity,
            "guarantee": "yes" if self.guarantee else None,
            "country": self.country,
            "double deviation": "yes" if self.again else None,
        }
        return ", ".join(f"{name} {label}" for name, label in told.items() if label)


@dataclass(slots=True)
class _Got:
    """How many cases of a failure got a band under a policy, and the first ones."""

    count: int = 0
    cases: list[str] = field(default_factory=list)


class Remedies:
    """Remembers which bands each failure got: as many as there are combinations of labels, however many the cases."""

    def __init__(self) -> None:
        self._got: dict[Failure, dict[tuple[str, str], _Got]] = {}

    def enter(self, case: PlannedCase) -> None:
        """Add a case; one whose plan names no band, or whose message can't be read, is left out."""
        try:
            band = str((case.plan or {})["compensation"]["band"])
            failure = failure_of(case)
        except (KeyError, TypeError, AttributeError):
            return
        got = self._got.setdefault(failure, {}).setdefault((case.policy_version or "", band), _Got())
        got.count += 1
        if len(got.cases) < _EXAMPLES:
            got.cases.append(case.id)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for every failure that got several bands: unequal under one policy, changed by another."""
        for failure, got in self._got.items():
            by_policy: dict[str, dict[str, _Got]] = {}
            for (policy, band), cases in got.items():
                by_policy.setdefault(policy, {})[band] = cases
            for policy, bands in by_policy.items():
                if len(bands) > 1:
                    yield _finding(Code.UNEQUAL, f"{failure}, by policy {policy}", bands)
            if len({frozenset(bands) for bands in by_policy.values()}) > 1:
                named = {f"{band} by {policy}": cases for (policy, band), cases in got.items()}
                yield _finding(Code.CHANGED, str(failure), named)


def failure_of(case: PlannedCase) -> Failure:
    """Return the failure that a case is about; a country that is none is left out."""
    labels: Mapping[str, Any] = case.classification or {}
    motive, justice, quality, touchpoint, guarantee, severity = (
        labels[task] or {} for task in ("motive", "justice", "quality", "touchpoint", "guarantee", "severity")
    )
    country = (case.customer or {}).get("country")
    return Failure(
        motive=frozenset(motive.get("labels", ())),
        justice=frozenset(justice.get("labels", ())),
        quality=quality.get("label"),
        touchpoint=touchpoint.get("label"),
        guarantee=guarantee.get("label"),
        severity=severity.get("label"),
        country=country if isinstance(country, str) and _COUNTRY.fullmatch(country) else None,
        again=case.double_deviation,
    )


def _finding(code: Code, what: str, bands: Mapping[str, _Got]) -> Finding:
    """Say which bands, how often, and two cases to compare: the first of each of the first two."""
    said = ", ".join(f"{band} in {got.count} cases ({' '.join(got.cases)})" for band, got in sorted(bands.items()))
    one, other = list(bands.values())[:2]
    return Finding(code, f"{what}: {said}", {"case": one.cases[0], "other": other.cases[0]})
