from __future__ import annotations

import pytest

from classifier.accents import without_accents


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Reclamação", "Reclamacao"), ("ÑANDÚ", "NANDU"), ("cafe\u0301", "cafe"), ("nada", "nada"), ("ß ø €", "ß ø €")],
)
def test_what_combines_with_a_letter_goes_and_the_letter_stays(text: str, plain: str) -> None:
    assert without_accents(text) == plain
