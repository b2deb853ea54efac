"""An alert in one sentence, in each language."""

from __future__ import annotations

from typing import Final

from api.store.alerts import ALL, AlertRecord
from classifier.taxonomy import TASK_BY_ID, Translated

__all__ = ["LANGUAGES", "name", "sentence"]

LANGUAGES: Final = ("es", "pt", "en")
_RISE: Final = Translated(
    "Suben las quejas{what}: {count} en {span}; se esperaban {expected} y como mucho {upper}.",
    "Sobem as reclamações{what}: {count} em {span}; o esperado eram {expected} e no máximo {upper}.",
    "Complaints rise{what}: {count} in {span}; {expected} were expected, {upper} at most.",
)
_SPANS: Final = {
    1: Translated("24 horas", "24 horas", "24 hours"),
    7: Translated("7 días", "7 dias", "7 days"),
}
_DIMENSIONS: Final = {
    "product": Translated("producto", "produto", "product"),
    "place": Translated("lugar", "local", "place"),
}
_EVERYTHING: Final = Translated("todas", "todas", "all")


def sentence(alert: AlertRecord, language: str) -> str:
    """Return what rises, how much, and what was expected."""
    expected = f"{alert.expected:.1f}"
    return _RISE[language].format(
        what="" if alert.dimension == ALL else f" ({name(alert, language)})",
        count=alert.count,
        span=_SPANS[alert.days][language],
        expected=expected if language == "en" else expected.replace(".", ","),
        upper=alert.upper,
    )


def name(alert: AlertRecord, language: str) -> str:
    """Return what people call the slice: *producto: Nevera*; the names of labels are the codebook's."""
    if alert.dimension == ALL:
        return _EVERYTHING[language]
    task = TASK_BY_ID.get(alert.dimension)
    if task is not None:
        label = task.label(alert.value).name[language] if alert.value in task.label_ids else alert.value
        return f"{task.name[language].lower()}: {label}"
    dimension = _DIMENSIONS[alert.dimension][language] if alert.dimension in _DIMENSIONS else alert.dimension
    return f"{dimension}: {alert.value}"
