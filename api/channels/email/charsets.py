"""Bytes to text where the declared charset can't be trusted."""

from __future__ import annotations

import codecs
from typing import Final

__all__ = ["decoded"]

_WINDOWS: Final = "cp1252"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOO_NARROW: Final = frozenset({"ascii", "iso8859-1"})
"""Charsets that programs name and don't mean: what they send is Windows-1252, as browsers know."""


def decoded(data: bytes, declared: str | None) -> str:
    """Return the text of ``data``.

    A byte order mark wins; then UTF-8, if there is more than ASCII and all of it is valid, which no other charset is
    by chance; then what is declared, if that is possible; else Windows-1252, which Spanish and Portuguese mail is.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    charset = _known(declared)
    if charset.startswith(("utf-16", "utf-32", "iso2022", "hz", "utf-7")):
        return data.decode(charset, "replace")
    for name in ("utf-8", charset):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    if charset == "utf-8" and _mostly(data):
        return data.decode("utf-8", "replace")
    return data.decode(_WINDOWS, "replace")


def _known(declared: str | None) -> str:
    """Return Python's name of a charset, Windows-1252 for those that are unknown or not meant."""
    try:
        name = codecs.lookup((declared or "").strip("\"' ")).name
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        return _WINDOWS
    return _WINDOWS if name in _TOO_NARROW else name


def _mostly(data: bytes) -> bool:
    """Say whether data is UTF-8 with a few bytes broken: cut in the middle, or joined with something else."""
    broken = data.decode("utf-8", "replace").count("\ufffd")
    return broken * 4 <= sum(byte >= 0xC2 for byte in data)
