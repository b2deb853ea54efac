import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import api.console
from api.analytics.wording import FORMULA
from api.console.translation import LANGUAGES, best_language, locale_of, translations
from classifier.taxonomy import SEVERITY, TOUCHPOINT

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


def test_the_spanish_addresses_readers_in_one_way() -> None:
    with (CONSOLE / "locales/es/LC_MESSAGES/console.po").open("rb") as source:
        said = [str(message.string) for message in read_po(source, locale="es") if message.id]
    familiar = re.compile(r"\b(tú|tu|tus|te|ti|tuyo|tienes|puedes|quieres|eres|prueba otra|pídel[oa])\b", re.I)
    assert [text for text in said if familiar.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_is_explained_in_the_words_of_the_labels(language: str) -> None:
    plural = "" if language == "en" else "s"
    for label in SEVERITY.label_ids:
        assert f"× {SEVERITY.label(label).name[language]}{plural}" in FORMULA[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_touchpoint_is_called_as_a_severity_is(language: str) -> None:
    names = [{task.label(label).name[language] for label in task.label_ids} for task in (SEVERITY, TOUCHPOINT)]
    assert names[0] & names[1] == set()


def test_one_is_told_apart_from_several() -> None:
    several = ("and %(num)s more alert", "and %(num)s more alerts")
    told = {language: [translations(language).ngettext(*several, count) for count in (1, 2)] for language in LANGUAGES}
    assert told["es"] == ["y %(num)s alerta más", "y %(num)s alertas más"]
    assert told["pt"] == ["e mais %(num)s alerta", "e mais %(num)s alertas"]
    assert told["en"] == list(several)


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
