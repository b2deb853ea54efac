"""How long a text may be that is classified."""

from __future__ import annotations

from typing import Final

from classifier.errors import TextTooLongError

__all__ = ["MAX_CHARACTERS", "check_length"]

MAX_CHARACTERS: Final = 20_000
"""Longest text that is classified, in code points."""


def check_length(text: str) -> None:
    """Raise ``TextTooLongError`` if ``text`` is over ``MAX_CHARACTERS``."""
    if len(text) > MAX_CHARACTERS:
        raise TextTooLongError(len(text), MAX_CHARACTERS)
