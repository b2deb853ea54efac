"""Letters without their accents, so that *información*, *informacion* and *INFORMAÇÃO* can be compared."""

from __future__ import annotations

import unicodedata

__all__ = ["without_accents"]


def without_accents(text: str) -> str:
    """Take accents, tildes and cedillas off: what Unicode combines with a letter (NFD) goes, the letter stays."""
    if text.isascii():
        return text
    return "".join(part for part in unicodedata.normalize("NFD", text) if not unicodedata.combining(part))
