import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.robustness.typos import (
    abbreviations,
    doubled_letters,
    dropped_letters,
    lower_case,
    without_accents,
    wrong_keys,
)

TEXT = "Buenos días: el técnico prometió venir mañana <NUM> y todavía estamos esperando <EMAIL> una solución."
SLIPS = {wrong_keys: 0, dropped_letters: -1, doubled_letters: 1}


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_accents_go() -> None:
    assert without_accents("Não há ação: ¡mañana, vergüenza!", "pt", chance()) == "Nao ha acao: ¡manana, verguenza!"


def test_lower_case_leaves_the_masks() -> None:
    assert lower_case("HOLA <NUM>, Écrivez <EMAIL>", "es", chance()) == "hola <NUM>, écrivez <EMAIL>"


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("seed", range(8))
def test_a_slip_changes_one_word_in_twelve_and_its_length(slip, seed: int) -> None:  # type: ignore[no-untyped-def]
    old, new = TEXT.split(), slip(TEXT, "es", chance(seed)).split()
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert len(changed) == 1
    (before, after) = changed[0]
    assert len(after) - len(before) in {SLIPS[slip], 1}, "a key without neighbours is typed twice"
    assert before[0] == after[0]
    assert len(before.strip(":.")) >= 5


@pytest.mark.parametrize("slip", SLIPS)
def test_long_texts_have_more_slips(slip) -> None:  # type: ignore[no-untyped-def]
    long = " ".join(["problema"] * 60)
    found = slip(long, "es", chance()).split()
    assert sum(word != "problema" for word in found) == 5


def test_a_wrong_key_is_beside_the_right_one() -> None:
    found = {wrong_keys("ggggg", "es", chance(seed)) for seed in range(40)}
    assert {word.replace("g", "") for word in found} == {"f", "h"}
    assert {wrong_keys("GGGGG", "es", chance(seed)).replace("G", "") for seed in range(40)} == {"F", "H"}


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("text", ["no va ya", "", "<EMAIL> <NUM>", "12345678"])
def test_what_has_no_long_word_stays(slip, text: str) -> None:  # type: ignore[no-untyped-def]
    assert slip(text, "es", chance()) == text


def test_abbreviations_in_both_languages() -> None:
    assert abbreviations("Que dice que porque", "es", chance()) in {
        f"{q} dice {q} {p}" for q in ("q", "k") for p in ("xq", "pq")
    }
    assert abbreviations("você e vocês, hoje", "pt", chance()) == "vc e vcs, hj"
    assert abbreviations("queso y quemado", "es", chance()) == "queso y quemado"


@given(st.text(max_size=80), st.sampled_from([*SLIPS, abbreviations, without_accents, lower_case]))
def test_the_same_seed_gives_the_same(text: str, change) -> None:  # type: ignore[no-untyped-def]
    assert change(text, "pt", chance()) == change(text, "pt", chance())


@given(st.text(max_size=80))
def test_no_accents_and_no_capitals_are_final(text: str) -> None:
    once = without_accents(text, "es", chance())
    assert without_accents(once, "es", chance()) == once
