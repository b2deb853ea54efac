"""Classifications composed for tests, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from api.recovery import Context
from classifier.taxonomy import TASK_BY_ID
from classifier.types import (
    Classification,
    Fact,
    FlagDecision,
    ModelInfo,
    MultiDecision,
    OrdinalDecision,
    Review,
    SingleDecision,
)

NOON = datetime(2026, 11, 18, 15, tzinfo=UTC)  # a Wednesday, no holiday in any of the countries


def _single(label: str | None) -> SingleDecision | None:
    return None if label is None else SingleDecision(label, {label: 1.0})


def _ordinal(label: str | None) -> OrdinalDecision | None:
    return None if label is None else OrdinalDecision(label, {label: 1.0}, 1.0)


def _multi(labels: Sequence[str]) -> MultiDecision | None:
    return MultiDecision(labels[0], tuple(labels), dict.fromkeys(labels, 0.9)) if labels else None


def classified(
    *,
    complaint: bool | None = True,
    motive: Sequence[str] = ("restitution",),
    severity: str | None = "moderate",
    justice: Sequence[str] = ("outcome",),
    quality: str | None = "reliability",
    touchpoint: str | None = "use",
    tone: str | None = "upset",
    guarantee: bool | None = False,
    conduct: str | None = "none",
    language: str | None = "es",
    reasons: Sequence[str] = (),
    facts: Sequence[Fact] = (),
) -> Classification:
    """Return a classification; what only complaints have is left out of others."""
    if not complaint:
        motive, justice, severity, quality, guarantee, conduct = (), (), None, None, None, None
    return Classification(
        id="1",
        language=language,
        language_probability=1.0,
        complaint=FlagDecision(complaint, None if complaint is None else 0.9),
        motive=_multi(motive),
        severity=_ordinal(severity),
        justice=_multi(justice),
        quality=_single(quality),
        touchpoint=_single(touchpoint),
        tone=_ordinal(tone),
        guarantee=None if guarantee is None else FlagDecision(guarantee, 0.9),
        conduct=_single(conduct),
        review=Review(bool(reasons), tuple(reasons)),
        model=ModelInfo("test", "0", "1"),
        facts=tuple(facts),
    )


def context(**values: Any) -> Context:
    """Return a context at noon in Brasília on an ordinary Wednesday."""
    return Context(**{"now": NOON, "country": "BR", **values})


def amount(currency: str, number: str) -> Fact:
    """Return the fact of an amount."""
    return Fact("amount", number, {"currency": currency, "amount": number}, 0, len(number))


def _labels(task: str) -> tuple[str, ...]:
    return TASK_BY_ID[task].label_ids


LABELS = {
    "motive": st.lists(st.sampled_from(_labels("motive")), min_size=1, unique=True),
    "severity": st.sampled_from(_labels("severity")),
    "justice": st.lists(st.sampled_from(_labels("justice")), min_size=1, unique=True),
    "quality": st.sampled_from(_labels("quality")),
    "touchpoint": st.sampled_from(_labels("touchpoint")),
    "tone": st.sampled_from(_labels("tone")),
    "guarantee": st.booleans(),
    "conduct": st.sampled_from(_labels("conduct")),
    "language": st.sampled_from(["es", "pt"]),
    "reasons": st.lists(st.sampled_from(["severity: low confidence", "motive: low confidence"]), unique=True),
}

CONTEXTS = st.fixed_dictionaries(
    {
        "double_deviation": st.booleans(),
        "tier": st.sampled_from([None, "standard", "valued", "key", "unknown"]),
        "country": st.sampled_from([None, "AR", "BR", "CL", "CO", "ES", "MX", "PE", "PT", "JP"]),
        "channel": st.sampled_from([None, "email", "whatsapp"]),
        "contacts": st.integers(0, 5),
        "complaints": st.integers(0, 5),
        "now": st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),
    }
)
