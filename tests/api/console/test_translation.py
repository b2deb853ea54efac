import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import api.console
from api.console.translation import LANGUAGES, best_language, locale_of, translations

CONSOLE = Path(api.console.__file__).parent
PLACES = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def texts() -> set[str]:
    sources = [("templates/**.html", "jinja2"), ("refusals.py", "python")]
    found = extract_from_dir(CONSOLE, method_map=sources, options_map={})
    return {_key(message) for _, _, message, _, _ in found}


def _key(message: object) -> str:
    """Return the singular of a text that has a plural."""
    return str(message if isinstance(message, str) else message[0])  # type: ignore[index]


@pytest.mark.parametrize("language", ["es", "pt"])
def test_every_text_is_said_in_each_language_and_none_is_left_over(texts: set[str], language: str) -> None:
    with (CONSOLE / f"locales/{language}/LC_MESSAGES/console.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    said = {_key(message.id): message for message in catalogue if message.id}
    assert said.keys() == texts
    for text, message in said.items():
        ids = (message.id,) if isinstance(message.id, str) else message.id
        strings = (message.string,) if isinstance(message.id, str) else message.string
        assert len(strings) == (1 if isinstance(message.id, str) else catalogue.num_plurals), text
        for translated, source in zip(strings, (*ids, ids[-1]), strict=False):
            assert translated.strip(), text
            assert sorted(PLACES.findall(source)) == sorted(PLACES.findall(translated)), text


def test_texts_come_in_the_language_asked_for() -> None:
    assert [translations(language).gettext("Cases") for language in LANGUAGES] == ["Casos", "Casos", "Cases"]
    assert [translations(language).gettext("Review") for language in LANGUAGES] == ["Revisión", "Revisão", "Review"]
    assert [locale_of(language).language for language in LANGUAGES] == list(LANGUAGES)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("es-419", "es"),
        ("de,fr;q=0.7", "en"),
        ("en;q=0.2, es;q=0.9", "es"),
        ("es;q=0, pt", "pt"),
        ("", "en"),
        ("pt;q=much", "en"),
        (",".join(["x-" + "y" * 50] * 5000), "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_likes_best(accepted: str, language: str) -> None:
    assert best_language(accepted) == language
