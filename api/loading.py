"""The model, loaded and used once, so that the first caller does not wait for what is loaded on first use."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from classifier import ComplaintClassifier
from classifier.facts import extract_facts
from classifier.language import identify_language
from classifier.taxonomy import LANGUAGES

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = ["begin_loading", "finish_loading"]

_WARM_UP: Final = ("El pedido llegó roto. Nadie me contesta.", "O pedido chegou quebrado. Ninguém me responde.")


def begin_loading(settings: Settings) -> Future[ComplaintClassifier]:
    """Begin to load the model of the settings in threads, for ``finish_loading``.

    Most of this is done outside Python, so begun before the service is imported it is over when that is.
    """
    threads = ThreadPoolExecutor(2, "model")
    model = threads.submit(
        ComplaintClassifier.from_pretrained, settings.model, precision=settings.precision, threads=settings.threads
    )
    threads.submit(_languages)
    threads.shutdown(wait=False)
    return model


def finish_loading(begun: Future[ComplaintClassifier]) -> ComplaintClassifier:
    """Wait for the model, and use it once. Raise what went wrong in loading it."""
    for text, language in zip(_WARM_UP, LANGUAGES, strict=True):
        extract_facts(text, language)
    model = begun.result()
    model.predict(_WARM_UP, evidence=True)
    return model


def _languages() -> None:
    """Have read what tells languages apart."""
    for text in _WARM_UP:
        identify_language(text)
