import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.taxonomy import LANGUAGES
from training.robustness.perturbations import PERTURBATIONS, Perturbation

TEXTS = {
    "es": "Soy Laura, de Sevilla: Correos perdió mi móvil de 200 euros y dicen que mañana me contestarán.",
    "pt": "Sou o Tiago, de Braga: a CTT perdeu o meu celular de 200 euros e dizem que amanhã respondem.",
}


def test_names_are_unique_and_limits_are_those_that_were_promised() -> None:
    limits = {item.name: item.limit for item in PERTURBATIONS}
    assert len(limits) == len(PERTURBATIONS)
    assert limits["cities"] == limits["wording of another variety"] == 0.02
    assert limits["no accents"] == limits["lower case"] == limits["dropped letters"] == 0.05
    assert limits["signature"] == limits["quoted thread"] == 0.0


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda p: p.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_finds_something_to_change(perturbation: Perturbation, language: str) -> None:
    text = TEXTS[language] if perturbation.name != "cities" else TEXTS[language].replace("Braga", "Lisboa")
    assert perturbation.apply(text, language, seed=1) != text


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda p: p.name)
@given(text=st.text(max_size=60), language=st.sampled_from(LANGUAGES), seed=st.integers(0, 3))
def test_the_seed_decides_alone(perturbation: Perturbation, text: str, language: str, seed: int) -> None:
    assert perturbation.apply(text, language, seed) == perturbation.apply(text, language, seed)


def test_another_seed_gives_another_text() -> None:
    keys = next(item for item in PERTURBATIONS if item.name == "neighbouring keys")
    assert len({keys.apply(TEXTS["es"], "es", seed) for seed in range(10)}) > 5
