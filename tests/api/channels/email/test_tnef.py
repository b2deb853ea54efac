from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from api.channels.email.tnef import tnef_names, tnef_text
from tests.api.channels.email.test_rtf import uncompressed


def attribute(name: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", sum(value) % 65536)


def properties(*items: tuple[int, int, bytes]) -> bytes:
    """Return MAPI properties: kind, name, value as it stands in the file."""
    whole = b"".join(struct.pack("<HH", kind, name) + value for kind, name, value in items)
    return struct.pack("<I", len(items)) + whole


def sized(value: bytes) -> bytes:
    return struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)


def tnef(*more: bytes, body: bytes | None = None) -> bytes:
    first = attribute(0x0002800C, body + b"\0") if body is not None else b""
    return struct.pack("<IH", 0x223E9F78, 1) + attribute(0x00089006, b"\0\0\1\0") + first + b"".join(more)


def test_reads_a_plain_body() -> None:
    assert tnef_text(tnef(body="Cobro doble en la línea".encode("cp1252"))) == "Cobro doble en la línea"


def test_reads_bodies_among_properties_of_other_kinds() -> None:
    named = struct.pack("<16sII", b"g" * 16, 0, 7) + struct.pack("<I", 5)
    by_string = struct.pack("<16sII", b"g" * 16, 1, 6) + b"a\0b\0\0\0\0\0" + struct.pack("<I", 5)
    unicode = "Não veio ninguém".encode("utf-16-le") + b"\0\0"
    others = [(0x03, 0x0017, struct.pack("<I", 2)), (0x03, 0x8001, named), (0x03, 0x8002, by_string)]
    found = properties(*others, (0x1F, 0x1000, sized(unicode)))
    assert tnef_text(tnef(attribute(0x00069003, found))) == "Não veio ninguém"


def test_reads_a_page() -> None:
    page = properties((0x102, 0x1013, sized(b"<p>Rota</p>")))
    assert tnef_text(tnef(attribute(0x00069003, page))) == "<p>Rota</p>"


def test_reads_compressed_rtf() -> None:
    found = properties((0x102, 0x1009, sized(uncompressed(b"{\\rtf1\\ansi Sigue rota\\par y nadie viene}"))))
    assert tnef_text(tnef(attribute(0x00069003, found))) == "Sigue rota\ny nadie viene"


def test_names_what_is_attached_inside() -> None:
    titles = [attribute(0x00018010, name.encode("cp1252") + b"\0", level=2) for name in ("foto año.jpg", "b.pdf")]
    assert tnef_names(tnef(*titles, body=b"texto")) == ["foto año.jpg", "b.pdf"]
    assert tnef_names(b"%PDF-1.7") == []


def test_takes_nothing_from_attachments() -> None:
    assert tnef_text(tnef(attribute(0x0002800C, b"de un adjunto\0", level=2))) == ""


def test_finds_nothing_in_other_files_and_in_broken_ones() -> None:
    whole = tnef(body=b"texto")
    assert tnef_text(b"%PDF-1.7 y lo que siga") == ""
    assert tnef_text(whole[:20]) == ""
    assert tnef_text(tnef(attribute(0x00069003, struct.pack("<IHH", 9, 0x7777, 1)))) == ""


@given(st.binary(max_size=300))
def test_reads_anything(noise: bytes) -> None:
    assert isinstance(tnef_text(struct.pack("<IH", 0x223E9F78, 1) + noise), str)
    assert isinstance(tnef_text(tnef(attribute(0x00069003, noise))), str)
