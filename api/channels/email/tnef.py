"""The text in ``winmail.dat``, which Outlook sends where others send MIME ([MS-OXTNEF], [MS-OXCMAIL])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from api.channels.email.charsets import decoded
from api.channels.email.rtf import decompressed, rtf_text

__all__ = ["tnef_names", "tnef_text"]

_SIGNATURE: Final = 0x223E9F78
_MESSAGE: Final = 1
_BODY: Final = 0x0002_800C
_PROPERTIES: Final = 0x0006_9003
_TITLE: Final = 0x0001_8010
_MOST: Final = 1000
_TEXT: Final = (0x1000, 0x1013)  # PidTagBody, PidTagHtml
_RTF: Final = 0x1009  # PidTagRtfCompressed
_FIXED: Final = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_SIZED: Final = (0x0D, 0x1E, 0x1F, 0x102)
_UNICODE: Final = 0x1F
_OBJECT: Final = 0x0D
_MANY: Final = 0x1000


def tnef_text(data: bytes) -> str:
    """Return the body that a ``winmail.dat`` holds as text, HTML or compressed RTF; empty if it holds none."""
    try:
        bodies = [
            body for level, name, value in _attributes(data) if level == _MESSAGE for body in _bodies(name, value)
        ]
    except (struct.error, IndexError, ValueError, LookupError):
        return ""
    return next((body.strip("\0 \r\n") for body in bodies if body.strip("\0 \r\n")), "")


def tnef_names(data: bytes) -> list[str]:
    """Return what the attachments within a ``winmail.dat`` are called, as far as it is whole."""
    try:
        return [decoded(value.rstrip(b"\0"), None) for _, name, value in _attributes(data) if name == _TITLE]
    except struct.error:
        return []


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield level, name and value of each attribute, as far as the file is whole."""
    signature, _key = struct.unpack_from("<IH", data, 0)
    if signature != _SIGNATURE:
        return
    place = 6
    for _ in range(_MOST):
        if place + 9 > len(data):
            return
        level, name, length = struct.unpack_from("<BII", data, place)
        place += 9
        if place + length > len(data):
            return
        yield level, name, data[place : place + length]
        place += length + 2  # a checksum


def _bodies(name: int, value: bytes) -> Iterator[str]:
    if name == _BODY:
        yield decoded(value.rstrip(b"\0"), None)
    elif name == _PROPERTIES:
        yield from _properties(value)


def _properties(data: bytes) -> Iterator[str]:
    """Yield the bodies among the message's properties; stop at a kind of value that isn't known."""
    (count,) = struct.unpack_from("<I", data, 0)
    place = 4
    for _ in range(min(count, _MOST)):
        kind, name = struct.unpack_from("<HH", data, place)
        place = _after_name(data, place + 4, named=name >= 0x8000)
        if kind & _MANY or kind not in (*_FIXED, *_SIZED):
            return
        if kind in _FIXED:
            place += _FIXED[kind]
            continue
        (values,) = struct.unpack_from("<I", data, place)
        place += 4
        for _value in range(min(values, _MOST)):
            (length,) = struct.unpack_from("<I", data, place)
            value = data[place + 4 : place + 4 + length]
            place += 4 + -(-length // 4) * 4
            if name == _RTF and kind != _OBJECT:
                yield _rtf(value)
            elif name in _TEXT and kind != _OBJECT:
                yield value.decode("utf-16-le", "replace") if kind == _UNICODE else decoded(value.rstrip(b"\0"), None)


def _rtf(value: bytes) -> str:
    """Return the text of compressed RTF; of what is none, nothing, so that another body is found."""
    try:
        return rtf_text(decompressed(value))
    except ValueError:
        return ""


def _after_name(data: bytes, place: int, *, named: bool) -> int:
    """Return where a property's value begins: those above 0x8000 tell their name before it."""
    if not named:
        return place
    (by_string,) = struct.unpack_from("<I", data, place + 16)
    if not by_string:
        return place + 24
    (length,) = struct.unpack_from("<I", data, place + 20)
    return place + 24 + int(-(-length // 4) * 4)
