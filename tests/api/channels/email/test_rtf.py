"""Compressed RTF as its specification shows it, and the text in it."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.channels.email.rtf import decompressed, rtf_text

SHOWN = {  # [MS-OXRTFCP], section 3.1
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0": (
        b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    ),
    "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0": rb"{\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
}


def uncompressed(rtf: bytes) -> bytes:
    """Return RTF in the form that says it was not compressed."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", zlib.crc32(rtf)) + rtf


@pytest.mark.parametrize("form", SHOWN, ids=["a sentence", "a reference that reads what it writes"])
def test_the_examples_of_the_specification(form: str) -> None:
    assert decompressed(bytes.fromhex(form)) == SHOWN[form]


def test_what_is_not_compressed_is_taken_as_it_is() -> None:
    assert decompressed(uncompressed(rb"{\rtf1 x}")) == rb"{\rtf1 x}"
    with pytest.raises(ValueError, match="no compressed RTF"):
        decompressed(b"{\\rtf1 of no such form at all}")


def test_a_bomb_is_cut_off() -> None:
    referring = struct.pack("<II4sI", 0, 2**31, b"LZFu", 0) + b"\xff" + b"\x00\x0f" * 8
    assert len(decompressed(referring + b"\xff" * 100)) < 20_000


def test_the_text_without_what_is_aside() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator Word;}\f0 No lleg\'f3\par "
        rb"El pago de \u8364?20 {\b no} se devolvi\'f3 \{nunca\}\tab ayer}"
    )
    assert rtf_text(rtf) == "No llegó\nEl pago de €20 no se devolvió {nunca}\tayer"


def test_a_page_in_disguise_comes_out_as_the_page() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 N\'e3o veio"
        rb"\htmlrtf\par}\htmlrtf0 {\*\htmltag72 </p>}}"
    )
    assert rtf_text(rtf) == "<p>Não veio</p>"


@given(st.binary(max_size=200))
def test_reads_anything(noise: bytes) -> None:
    assert isinstance(rtf_text(noise), str)
    assert isinstance(decompressed(b"\0\0\0\0\0\xff\0\0LZFu\0\0\0\0" + noise), bytes)
