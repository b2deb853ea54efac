"""The model of the settings, loaded in a thread of its own, beside whatever else has to happen before it is used."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from classifier.facts import extract_facts
from classifier.inference import ComplaintClassifier
from classifier.language import identify_language
from classifier.taxonomy import LANGUAGES

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = ["begin_loading"]

_WARM_UP: Final = ("El pedido llegó roto. Nadie me contesta.", "O pedido chegou quebrado. Ninguém me responde.")


def begin_loading(settings: Settings) -> Future[ComplaintClassifier]:
    """Begin to load the model, and say where it will be. A process doesn't end before it is loaded."""
    beside = ThreadPoolExecutor(1, thread_name_prefix="model")
    loading = beside.submit(_load, settings)
    beside.shutdown(wait=False)
    return loading


def _load(settings: Settings) -> ComplaintClassifier:
    """Load the model and use it once, so that the first caller does not wait for what is loaded on first use."""
    with ThreadPoolExecutor(1) as beside:
        tables = beside.submit(_read_tables)
        model = ComplaintClassifier.from_pretrained(
            settings.model, precision=settings.precision, threads=settings.threads
        )
        tables.result()
    model.predict(_WARM_UP, evidence=True)
    return model


def _read_tables() -> None:
    """Have read what tells languages and facts: it takes as long as the network."""
    for text, language in zip(_WARM_UP, LANGUAGES, strict=True):
        identify_language(text)
        extract_facts(text, language)
