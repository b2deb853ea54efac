from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.facts import extract_facts
from classifier.facts.lexicon import KINDS, load_lexicon
from classifier.facts.tokens import fold, tokenize
from classifier.facts.values import parse_number
from tests.conftest import CORPORA
from tests.growth import assert_linear

GOLDEN = Path(__file__).parents[1] / "golden" / "facts.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
PIECES = st.sampled_from(
    ["pedido ", "n° ", "12345 ", "R$", "350,00 ", "dos ", "mil ", "pesos ", "12/03/2026 ", "12 de ", "marzo ", "março ",
     "2026 ", "99/99/2026 ", "plazo ", "prazo ", "48 horas ", "llamé ", "liguei ", "4 veces ", "4 vezes ", "Procon ",
     "quiero ", "quero ", "reembolso ", "٣ ", "²", "\ud800", "\x00", "İ", "e\u0301", "😡", "\n", ".", "<NUM>"]
)  # fmt: skip
ANY_TEXT = st.text(st.characters()) | st.lists(PIECES, max_size=14).map("".join)


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_golden(case: dict[str, object]) -> None:
    facts = extract_facts(str(case["text"]), str(case["language"]))
    assert [[fact.kind, fact.text, dict(fact.value)] for fact in facts] == case["facts"]


@pytest.mark.parametrize("language", ["es", "pt"])
def test_golden_file_is_long_enough_and_has_every_kind(language: str) -> None:
    cases = [case for case in CASES if case["language"] == language]
    assert len(cases) >= 40
    assert {fact[0] for case in cases for fact in case["facts"]} == {*KINDS, "agency"}


@given(ANY_TEXT, st.sampled_from(["es", "pt"]))
@settings(deadline=None)
def test_places_give_the_text_back(text: str, language: str) -> None:
    for fact in extract_facts(text, language):
        assert text[fact.start : fact.end] == fact.text
        assert fact.kind in (*KINDS, "agency")


@given(ANY_TEXT)
def test_folding_keeps_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_words_of_customers_are_not_remembered() -> None:
    lexicon = load_lexicon("es")
    extract_facts("Zutanito Menganez vive en la calle Inventadísima 12345", "es")
    assert not {"zutanito", "menganez", "calle", "inventadisima", "12345"} & set(map(fold, lexicon.vocab.strings))
    assert {token.symbol for token in tokenize("zutanito", lexicon.known)} == {"#unknown"}


@pytest.mark.parametrize("language", ["other", None, "en"])
def test_no_facts_in_other_languages(language: str | None) -> None:
    assert extract_facts("pedido 1234567, R$ 350,00", language) == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("350", "350"),
        ("350,00", "350.00"),
        ("1.250,00", "1250.00"),
        ("1,250.00", "1250.00"),
        ("1.250", "1250"),
        ("1,299", "1299"),
        ("1.250.000", "1250000"),
        ("0.500", "0.500"),
        ("49,9", "49.9"),
    ],
)
def test_numbers(written: str, number: str) -> None:
    assert parse_number(written) == Decimal(number)


def test_threads_agree() -> None:
    texts = [str(case["text"]) for case in CASES]
    alone = [extract_facts(text, "es") for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: extract_facts(text, "es"), texts)) == alone


@pytest.mark.parametrize(
    "unit", ["a", "1", "1.", "1/", "12/03/", "$ 1 ", "quiero ", "llamé 2 ", "pedido n ", "d de ", "-"]
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    load_lexicon("es")
    assert_linear(lambda text: extract_facts(text, "es"), unit)


def test_import_is_cheap() -> None:
    program = "import sys, classifier.facts; print('spacy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("language", ["es", "pt"])
def test_a_pattern_that_is_not_asked_would_have_found_nothing(language: str) -> None:
    lexicon = load_lexicon(language)
    asked = left_out = 0
    for line in (CORPORA / "validation.jsonl").read_text("utf-8").splitlines():
        symbols = [token.symbol for token in tokenize(json.loads(line)["text"], lexicon.known)]
        doc = lexicon.doc(symbols)
        found = list(lexicon.matches(doc, set(symbols)))
        everything = [
            (pattern.kind, pattern.label, first, last)
            for pattern in lexicon.patterns
            for _, first, last in pattern.matcher(doc)
        ]
        assert found == everything
        may = [pattern.may_match(set(symbols)) for pattern in lexicon.patterns]
        asked, left_out = asked + sum(may), left_out + may.count(False)
    assert left_out > 5 * asked
