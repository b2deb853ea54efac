"""The console's languages: catalogues of gettext, read as they are, with the English texts as keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.core import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

__all__ = ["LANGUAGES", "best_language", "locale_of", "translations"]

LANGUAGES: Final = ("es", "pt", "en")
_LOCALES: Final = {"es": "es", "pt": "pt", "en": "en_GB"}
_FALLBACK: Final = "en"
_MOST_WISHES: Final = 12


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language."""
    if language == _FALLBACK:
        return NullTranslations()
    path = files("api.console").joinpath(f"locales/{language}/LC_MESSAGES/console.po")
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def locale_of(language: str) -> Locale:
    """Return how numbers and dates are written in a language."""
    return Locale.parse(_LOCALES[language])


def best_language(accepted: str) -> str:
    """Return the language that a browser's ``Accept-Language`` likes best of ours."""
    return negotiate_locale(_wishes(accepted), LANGUAGES, sep="-") or _FALLBACK


def _wishes(accepted: str) -> Sequence[str]:
    """Return the languages of the header, the best liked first."""
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:_MOST_WISHES]:
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.strip().lower()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda item: item[0]) if tag and weight < 0]
