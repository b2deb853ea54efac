"""Why something can't be done, in sentences for people; exceptions speak to programs, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import HTTPException

from classifier.errors import InputError

__all__ = [
    "CHOOSE_ONE",
    "NOT_TEXT",
    "NO_LABEL",
    "NO_OWNER",
    "NO_PERIOD",
    "SAY_FIRST",
    "SIGNED_OUT",
    "RefusedError",
    "reason_of",
]


def _(text: str) -> str:
    """Mark a text that the catalogues must have."""
    return text


SAY_FIRST: Final = _("Say first whether it is a complaint.")
CHOOSE_ONE: Final = _("Choose one of the answers to each question.")
NO_LABEL: Final = _("There is no such label. Choose one from the list.")
NO_PERIOD: Final = _("“To” must not be before “From”, nor more than %(count)s days after it.")
NOT_TEXT: Final = _("The file is not text in UTF-8.")
NO_OWNER: Final = _("Say to whom the case is handed over.")
SIGNED_OUT: Final = _("Nobody is signed in any more.")

_OF_THE_SERVICE: Final[Mapping[str, str]] = {
    "the case is closed": _("The case was closed meanwhile, so nothing was changed."),
    "the case is cancelled": _("The case was cancelled meanwhile, so nothing was changed."),
    "the case is closed already, with another outcome": _("Somebody closed the case already, with another outcome."),
    "the customer of the case was erased": _("The customer's data was erased, so the case stays closed."),
    "the destination was deleted": _("The destination was deleted, so nothing can be sent to it."),
    "the destination is disabled; enable it first": _("The destination is switched off. It must be switched on first."),
    "it was done already": _("Somebody did this already, so your note was not kept. Copy it before you go on."),
    "this form does not belong to the session": _(
        "The session that this page was opened in is over, so nothing was done. Open it again."
    ),
}
"""What other parts of the service say, and how people are told."""


class RefusedError(InputError):
    """What somebody gave can't be used; ``reason`` is one of the sentences above, ``values`` stand in its places."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason % values if values else reason)
        self.reason = reason
        self.values = values


def reason_of(error: Exception) -> tuple[str, Mapping[str, Any]] | None:
    """Return the sentence to be translated and what stands in it; ``None`` where there is none for this error."""
    if isinstance(error, RefusedError):
        return error.reason, error.values
    known = _OF_THE_SERVICE.get(error.detail if isinstance(error, HTTPException) else str(error))
    return None if known is None else (known, {})
