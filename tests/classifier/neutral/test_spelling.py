from __future__ import annotations

import pytest

from classifier.neutral.spelling import load_spelling, slips
from classifier.ngrams import fold
from classifier.taxonomy import LANGUAGES


@pytest.mark.parametrize("written", ["información", "informacion", "INFORMACIÓN", "Informaciòn"])
def test_one_word_however_it_is_accented(written: str) -> None:
    assert load_spelling().form(fold(written), LANGUAGES.index("es")) == "información"


@pytest.mark.parametrize(
    ("slip", "language", "meant"),
    [
        ("reemboldo", "es", "reembolso"),  # the key beside
        ("factua", "es", "factura"),  # a letter left out
        ("coonsulta", "es", "consulta"),  # twice
        ("siemrpe", "es", "siempre"),  # swapped
        ("produro", "pt", "produto"),
        ("ninguen", "pt", "ninguem"),
        ("atendimeto", "pt", "atendimento"),
    ],
)
def test_a_slip_is_taken_for_the_word_that_was_meant(slip: str, language: str, meant: str) -> None:
    assert load_spelling().mended(slip, LANGUAGES.index(language)) == meant


@pytest.mark.parametrize("word", ["reembolso", "xqzwvk", "sol", "", "qué", "a" * 10_000, "ñandú", "привет"])
def test_known_words_and_words_like_no_other_stay(word: str) -> None:
    assert load_spelling().mended(word, 0) == word


def test_the_word_of_the_text_s_language_is_meant() -> None:
    spelling = load_spelling()
    assert (spelling.mended("nombe", 0), spelling.mended("nombe", 1)) == ("nombre", "nome")


def test_slips_leave_the_first_letter_and_name_the_doubled_one_first() -> None:
    found = list(slips("casso"))
    assert min(cost for word, cost in found if word == "caso") == 0.0
    assert {word[0] for word, _ in found} == {"c"}


def test_the_list_holds_no_word_that_is_no_word() -> None:
    spelling = load_spelling()
    assert len(spelling.forms) > 15_000
    assert all(key == fold(key) and key.isalpha() for key in spelling.forms)
