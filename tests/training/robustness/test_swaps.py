import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.taxonomy import LANGUAGES
from training.robustness.lists import read
from training.robustness.swaps import (
    GENDERS,
    swap_cities,
    swap_companies,
    swap_currencies,
    swap_gender,
    swap_names,
    with_gender,
    with_region,
)

SWAPS = (swap_names, swap_gender, swap_cities, swap_companies, swap_currencies)
PEOPLE = read("names")["people"]


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def names(language: str, gender: str) -> set[str]:
    return set(PEOPLE[language][gender].split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_is_of_both_genders(language: str) -> None:
    assert not names(language, "male") & names(language, "female")


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_of_their_gender_or_change_it(language: str) -> None:
    for gender, other in zip(GENDERS, reversed(GENDERS), strict=True):
        for name in names(language, gender):
            same = swap_names(f"Att., {name}.", language, chance()).removeprefix("Att., ").removesuffix(".")
            across = swap_gender(f"Att., {name}.", language, chance()).removeprefix("Att., ").removesuffix(".")
            assert same in names(language, gender) - {name}
            assert across in names(language, other)


def test_a_name_that_stands_twice_is_swapped_for_one() -> None:
    found = swap_names("Laura llamó. Firmado: Laura", "es", chance())
    first, second = re.fullmatch(r"(\w+) llamó\. Firmado: (\w+)", found).groups()  # type: ignore[union-attr]
    assert first == second != "Laura"


def test_agreement_is_left_alone() -> None:
    assert re.fullmatch(r"Soy \w+ y estoy harta\.", with_gender("Soy Laura y estoy harta.", "es", "male", chance()))


def test_a_double_name_is_one_person() -> None:
    assert re.fullmatch(r"Soy \w+ Pérez", swap_names("Soy María José Pérez", "es", chance()))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Vivo en San José y en Santa Ana.", "es"),
        ("Moro em São Paulo.", "pt"),
        ("Moro em João Pessoa.", "pt"),
        ("Marianela no está en la lista", "es"),
        ("la carta y el carlos en minúscula", "es"),
    ],
)
def test_places_and_other_words_are_no_persons(text: str, language: str) -> None:
    assert swap_names(text, language, chance()) == text


def test_cities_stay_in_their_region() -> None:
    spain = read("names")["places"]["es"]["spain_south"]
    found = swap_cities("Vivo en Cádiz", "es", chance()).removeprefix("Vivo en ")
    assert found in spain
    assert found != "Cádiz"


def test_cities_go_to_another_region_when_asked() -> None:
    found = with_region("Moro em Lisboa", "pt", ("brazil_north",), chance()).removeprefix("Moro em ")
    assert found in read("names")["places"]["pt"]["brazil_north"]


def test_regions_of_the_gaps_are_there() -> None:
    for item in read("names")["regions"]:
        for group in item["groups"]:
            assert set(group) <= set(read("names")["places"][item["language"]])


def test_a_company_stays_in_its_trade() -> None:
    companies = read("names")["companies"]
    for trade in companies.values():
        for name in trade:
            found = swap_companies(f"La empresa {name} no responde", "es", chance())
            assert found.removeprefix("La empresa ").removesuffix(" no responde") in set(trade) - {name}


@pytest.mark.parametrize(
    "text", ["Pagué 1.234,56 €.", "Pagué 84 euros", "Paguei R$ 350,00 ontem", "son $48.000", "20 soles", "US$ 5"]
)
def test_amounts_keep_their_figures_and_change_their_sign(text: str) -> None:
    for seed in range(5):
        found = swap_currencies(text, "es", chance(seed))
        assert found != text
        assert re.findall(r"\d[\d.,]*\d|\d", found) == re.findall(r"\d[\d.,]*\d|\d", text)


def test_a_currency_is_swapped_for_one_of_similar_value() -> None:
    found = {swap_currencies("84 euros", "es", chance(seed)) for seed in range(60)}
    assert found == {"€ 84", "EUR 84", "US$ 84", "USD 84", "84 €", "84 EUR", "84 dólares", "84 USD"}


@pytest.mark.parametrize("text", ["Tengo 3 hijos y 2 gatos", "los euros de antes", "el 14/03 a las 11", ""])
def test_figures_without_currency_stay(text: str) -> None:
    assert swap_currencies(text, "es", chance()) == text


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80), st.sampled_from(LANGUAGES))
def test_any_text_is_taken_and_the_same_seed_gives_the_same(text: str, language: str) -> None:
    for swap in SWAPS:
        assert swap(text, language, chance()) == swap(text, language, chance())
