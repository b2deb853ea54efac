from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.channels.email.charsets import decoded

TEXT = "¿Dónde está la devolução de 30 €?"


@pytest.mark.parametrize(
    ("real", "declared"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "us-ascii"),
        ("utf-8", "iso-8859-1"),
        ("utf-8", None),
        ("cp1252", "windows-1252"),
        ("cp1252", "iso-8859-1"),
        ("cp1252", "utf-8"),
        ("cp1252", "klingon"),
        ("cp1252", ""),
        ("cp1252", "us-ascii"),
        ("iso-8859-15", "iso-8859-15"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-8"),
        ("utf-16-le", "utf-16le"),
        ("utf-8-sig", "iso-8859-1"),
        ("utf-7", "utf-7"),
    ],
)
def test_reads_what_was_meant(real: str, declared: str | None) -> None:
    assert decoded(TEXT.encode(real), declared) == TEXT


def test_keeps_the_rest_where_a_few_bytes_are_broken() -> None:
    data = (TEXT * 3).encode()[:-1] + b"\xe2"
    assert decoded(data, "utf-8").startswith(TEXT * 2)


@pytest.mark.parametrize("declared", ["base64", "rot13", "hex", "zlib", "idna", "\0", "unicode_escape", "x" * 999])
def test_takes_no_codec_that_is_no_charset(declared: str) -> None:
    assert decoded(b"caf\xe9", declared) == "café"


@given(st.binary(max_size=80), st.sampled_from(["utf-8", "utf-16", "gb2312", "iso-2022-jp", "shift_jis", "nada"]))
def test_reads_anything(data: bytes, declared: str) -> None:
    decoded(data, declared)
