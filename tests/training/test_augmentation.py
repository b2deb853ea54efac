import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.augmentation import augmented, mistyped, without_accents
from training.config import AugmentationSection
from training.corpus import Example


def message(text: str, language: str = "es") -> Example:
    return Example("1", text, language, "test", "1", {"complaint": True})


OTHERS = [message("ayer hablé con Rosalía en Medellín"), message("ontem falei com Thiago em Recife", "pt")]


def changed(text: str, language: str = "es", **shares: float) -> str:
    section = AugmentationSection(**shares)
    return augmented([message(text, language), *OTHERS], section, random.Random(3))[0]


def test_by_default_nothing_changes() -> None:
    assert changed("Hablé con Marta el 12/3.") == "Hablé con Marta el 12/3."


def test_names_become_others_of_the_language() -> None:
    text = changed("ayer me atendió Marta en su tienda de Toledo", names=1.0)
    assert "Marta" not in text or "Toledo" not in text
    assert text.startswith("ayer me atendió ")
    assert "Thiago" not in text


@pytest.mark.parametrize(
    "text",
    [
        "voy a ir a Profeco mañana",
        "hablé con la Policía ayer",
        "vou reclamar no Procon",
        "escribí en el Libro de Reclamaciones",
    ],
)
def test_names_that_decide_a_label_stay(text: str) -> None:
    assert changed(text, names=1.0) == text


def test_an_amount_keeps_its_size() -> None:
    text = changed("me cobraron 4500 y 7", digits=1.0)
    assert len(text) == len("me cobraron 4500 y 7")
    assert text.endswith(" y 7")
    assert text.split()[2][0] == "4"


def test_orders_and_closings_come_at_the_end() -> None:
    for shares in ({"orders": 1.0}, {"closings": 1.0}):
        text = changed("não chegou nada", "pt", **shares)
        assert text.startswith("não chegou nada")
        assert len(text) > len("não chegou nada")


def test_a_chat_is_abbreviated_in_its_own_language() -> None:
    assert "q" in changed("porque dicen que ya que no que", abbreviations=1.0).split()
    assert "vc" in changed("você disse e você sabe que você", "pt", abbreviations=1.0).split()


def test_chance_and_seed_decide() -> None:
    section = AugmentationSection(typos=0.5, accents=0.5, lower_case=0.5, names=0.5)
    many = [message(f"Mañana llamaré a Lucía por el pedido {i}") for i in range(40)]
    once, again = (augmented(many, section, random.Random(1)) for _ in range(2))
    assert once == again
    assert once != augmented(many, section, random.Random(2))
    assert 5 < sum(text.islower() for text in once) < 35


@given(st.text(), st.integers(0, 99))
def test_any_text_may_be_changed(text: str, seed: int) -> None:
    section = AugmentationSection(**dict.fromkeys(AugmentationSection.model_fields, 1.0))
    assert isinstance(augmented([message(text)], section, random.Random(seed))[0], str)
    assert len(mistyped(text, random.Random(seed), 1.0)) >= len(text) - len(text.split()) - len(text)
    assert without_accents(without_accents(text)) == without_accents(text)
