from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.language import LanguageGuess, identify_language
from classifier.quoting import has_words

GOLDEN = Path(__file__).parents[1] / "golden" / "language.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
SURE = 0.8


def test_golden_file_covers_every_language() -> None:
    counts = Counter(case["language"] for case in CASES)
    assert all(counts[name] >= 25 for name in ("gl", "ca", "it", "en", "fr", "de", "mixed"))
    assert all(counts[name] >= 40 for name in ("es", "pt"))


@pytest.mark.parametrize("language", ["es", "pt"])
def test_short_messages_of_ours_are_never_lost(language: str) -> None:
    guesses = [identify_language(case["text"]) for case in CASES if case["language"] == language]
    assert sum(guess.language == "other" for guess in guesses) == 0
    assert sum(guess.language != language for guess in guesses) <= 3
    assert sum(guess.language != language and guess.probability >= SURE for guess in guesses) == 0
    assert sum(guess.probability < SURE for guess in guesses) <= 15


@pytest.mark.parametrize("language", ["gl", "ca", "it", "en", "fr", "de"])
def test_other_languages_are_never_taken_for_ours_in_silence(language: str) -> None:
    guesses = [identify_language(case["text"]) for case in CASES if case["language"] == language]
    assert all(guess.language == "other" or guess.probability < SURE for guess in guesses)
    assert sum(guess.language != "other" for guess in guesses) <= 5


def test_mixed_languages_ask_for_a_person() -> None:
    guesses = [identify_language(case["text"]) for case in CASES if case["language"] == "mixed"]
    assert sum(guess.language != "other" and guess.probability >= SURE for guess in guesses) <= 2


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("não gostei", "pt"),
        ("nao gostei", "pt"),
        ("NÃO FUNCIONA, QUERO CANCELAR", "pt"),
        ("pésimo servicio", "es"),
        ("una estafa", "es"),
        ("QUIERO QUE ME DEVUELVAN LA PLATA", "es"),
        ("<NUM> no me llego el pedido <URL>", "es"),
        ("Мой заказ не пришёл", "other"),
        ("注文が届きません", "other"),
        ("لم يصل طلبي", "other"),
    ],
)
def test_telling_cases(text: str, language: str) -> None:
    guess = identify_language(text)
    assert guess.language == language
    assert guess.probability >= SURE


@pytest.mark.parametrize("text", ["", "  ", "😡👎", "123 45,6", "?!", "<NUM> <EMAIL>", "@bancoficticio", "\x00\ud800"])
def test_no_words_no_language(text: str) -> None:
    assert identify_language(text) == LanguageGuess(None, 0.0)


@given(st.text(st.characters()))
def test_any_text_is_answered(text: str) -> None:
    guess = identify_language(text)
    assert (guess.language is None) == (guess.probability == 0.0)
    assert 0.0 <= guess.probability <= 1.0
    if guess.language is not None:
        assert has_words(text)


def test_threads_agree() -> None:
    texts = [case["text"] for case in CASES]
    alone = [identify_language(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(identify_language, texts)) == alone


def test_import_is_cheap() -> None:
    program = "import sys, classifier.language; print({'numpy', 'py3langid', 'selectolax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
