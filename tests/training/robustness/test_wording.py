import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.taxonomy import LANGUAGES
from training.robustness.lists import read
from training.robustness.wording import reword, swap_wording, varieties


@pytest.mark.parametrize(
    ("variety", "text", "expected"),
    [
        ("es-AR", "El ordenador y el móvil no van.", "La computadora y el celular no van."),
        ("es-AR", "¿Podéis decirme qué tenéis para vosotros?", "¿Pueden decirme qué tienen para ustedes?"),
        ("es-AR", "OS ESCRIBO", "LES ESCRIBO"),
        ("es-ES", "Mi celular y mi valija", "Mi móvil y mi maleta"),
        ("es-ES", "Si vos querés, sacar turno es fácil", "Si tú quieres, pedir cita es fácil"),
        ("pt-PT", "O celular caiu no ônibus.", "O telemóvel caiu no autocarro."),
        (
            "pt-PT",
            "Você está fazendo pouco caso e estou esperando.",
            "O senhor está a fazer pouco caso e estou a esperar.",
        ),
        ("pt-BR", "Estão a pedir o mesmo e ando a sair cedo.", "Estão pedindo o mesmo e ando saindo cedo."),
        ("pt-BR", "Cobraram-me duas vezes no autocarro", "Me cobraram duas vezes no ônibus"),
    ],
)
def test_wording_of_each_variety(variety: str, text: str, expected: str) -> None:
    assert reword(text, variety) == expected


@pytest.mark.parametrize(
    ("variety", "text"),
    [
        ("pt-BR", "Estamos a 2 de abril"),
        ("pt-BR", "está a par de tudo"),
        ("pt-PT", "o celularzinho"),
        ("pt-PT", "O telemóvel está a tocar no autocarro"),
        ("es-AR", "La computadora, el celular y ustedes"),
        ("es-ES", "El ordenador y el móvil"),
    ],
)
def test_what_is_worded_so_already_stays(variety: str, text: str) -> None:
    assert reword(text, variety) == text


def test_the_other_variety_is_taken() -> None:
    chance = np.random.default_rng(1)
    assert swap_wording("mi móvil", "es", chance) == "mi celular"
    assert swap_wording("mi celular", "es", chance) == "mi móvil"
    assert swap_wording("o ônibus", "pt", chance) == "o autocarro"
    assert swap_wording("o autocarro", "pt", chance) == "o ônibus"
    assert swap_wording("nada que diga", "es", chance) == "nada que diga"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pair_of_words_differs(language: str) -> None:
    lists = read("words")[language]
    first, second = (name.replace("-", "_") for name in varieties(language))
    for old, new in [*lists["both"], *lists[f"to_{first}"], *lists[f"to_{second}"]]:
        assert old != new
        assert old == old.casefold(), "phrases are found by their small letters"


@pytest.mark.parametrize("variety", ["es-ES", "es-AR", "pt-BR", "pt-PT"])
def test_every_phrase_of_a_variety_is_reached(variety: str) -> None:
    lists = read("words")[variety[:2]]
    for old, new in lists[f"to_{variety.replace('-', '_')}"]:
        assert reword(f"x {old} x", variety) == f"x {new} x"


@given(st.text(max_size=80), st.sampled_from(["es-ES", "es-AR", "pt-BR", "pt-PT"]))
def test_any_text_is_taken(text: str, variety: str) -> None:
    assert isinstance(reword(text, variety), str)
