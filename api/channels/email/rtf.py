r"""The text of a mail that Outlook keeps as compressed RTF ([MS-OXRTFCP]), some of which is HTML in disguise.

HTML in RTF ([MS-OXRTFEX]) comes out as HTML: its tags stand in groups of their own, and what only RTF needs is marked
as such by ``\htmlrtf``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["decompressed", "rtf_text"]

_COMPRESSED: Final = b"LZFu"
_PLAIN: Final = b"MELA"
_MOST: Final = 8 * 1024 * 1024
"""Bytes that are unpacked."""

_WINDOW: Final = 4096
_KNOWN: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What every sender and receiver know, so that it need not be sent."""

_TOKEN: Final = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SIGNS: Final = {"par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“",
                 "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—"}  # fmt: skip
_ASIDE: Final = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer"})


@dataclass(frozen=True, slots=True)
class _Group:
    r"""What holds within a pair of braces: whether it is to be read, and how many characters follow a ``\u``."""

    read: bool = True
    of_rtf: bool = False
    after: int = 1


def decompressed(data: bytes) -> bytes:
    """Return RTF out of its compressed form, as far as it is whole; raise ``ValueError`` if it is none."""
    if len(data) < 16 or data[8:12] not in (_COMPRESSED, _PLAIN):
        raise ValueError("no compressed RTF")
    (size,) = struct.unpack_from("<I", data, 4)
    size = min(size, _MOST)
    return data[16 : 16 + size] if data[8:12] == _PLAIN else _unpacked(data, size)


def _unpacked(data: bytes, size: int) -> bytes:
    """Follow literals and references to what came before, in a window that turns round."""
    window = bytearray(_KNOWN.ljust(_WINDOW, b"\0"))
    at, place, out = len(_KNOWN), 16, bytearray()
    while place < len(data) and len(out) < size:
        control = data[place]
        place += 1
        for bit in range(8):
            if place >= len(data):
                break
            count, start = 1, -1
            if control >> bit & 1:
                pair = int.from_bytes(data[place : place + 2], "big")
                start, count, place = pair >> 4, (pair & 15) + 2, place + 2
                if start == at:
                    return bytes(out[:size])
            for step in range(count):
                byte = data[place] if start < 0 else window[(start + step) % _WINDOW]
                out.append(byte)
                window[at] = byte
                at = (at + 1) % _WINDOW
            place += start < 0
    return bytes(out[:size])


def rtf_text(rtf: bytes) -> str:
    """Return the text of RTF, or the HTML that it was made from."""
    text = rtf.decode("latin-1")
    page = re.search(r"\\ansicpg(\d{3,5})", text[:400])
    pieces = _pieces(text, f"cp{page[1]}" if page else "cp1252", was_html="\\fromhtml" in text[:400])
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def _pieces(text: str, page: str, *, was_html: bool) -> Iterator[str]:
    """Yield what is to be read, in order."""
    group, outer, skip = _Group(), list[_Group](), 0
    for match in _TOKEN.finditer(text):
        word, number, code, sign, brace, plain = match.groups()
        if brace == "{":
            outer.append(group)
        elif brace == "}":
            group = outer.pop() if outer else group
        elif word is not None:
            if word == "u" and group.read and not group.of_rtf:
                yield chr(int(number or 0) % 0x10000)
                skip = group.after
            elif word in _SIGNS and group.read and not group.of_rtf:
                yield _SIGNS[word]
            group = _after(group, word, number, was_html=was_html)
        elif sign == "*":
            group = replace(group, read=False)
        elif skip and (code or plain):
            skip, plain = (0, plain[skip:]) if plain else (skip - 1, None)
            yield plain if plain and group.read and not group.of_rtf else ""
        elif group.read and not group.of_rtf:
            yield _said(code, sign, plain, page)


def _after(group: _Group, word: str, number: str | None, *, was_html: bool) -> _Group:
    """Return what holds after a word of RTF."""
    if word == "uc":
        return replace(group, after=min(int(number or 1), 8))
    if word in _ASIDE:
        return replace(group, read=False)
    if was_html and word == "htmltag":
        return replace(group, read=True)
    if was_html and word == "htmlrtf":
        return replace(group, of_rtf=number != "0")
    return group


def _said(code: str | None, sign: str | None, plain: str | None, page: str) -> str:
    """Return a character by its number, one that RTF needs a backslash for, or a text as it is."""
    if code:
        try:
            return bytes.fromhex(code).decode(page, "replace")
        except LookupError:
            return bytes.fromhex(code).decode("cp1252", "replace")
    return {"~": "\xa0", "_": "-", "-": ""}.get(sign, sign) if sign else plain or ""
