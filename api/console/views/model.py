"""Why another model is worth training, or is not, as the page says it."""

from __future__ import annotations

from typing import Any

from api.analytics.retraining import Reason, Verdict

__all__ = ["because"]


def because(verdict: Verdict) -> list[tuple[str, Any]]:
    """Return the reasons: which, and the numbers of its sentence."""
    return [(reason.reason, _told(reason)) for reason in verdict.because]


def _told(reason: Reason) -> Any:
    if reason.task is not None:
        return reason.task
    return reason.value if reason.of is None else (reason.value, reason.of)
