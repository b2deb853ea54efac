"""A classification as one row of a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from classifier.calibration import confidence
from classifier.records import BadRecord
from classifier.types import Classification, MultiDecision, OrdinalDecision, SingleDecision

__all__ = ["FIELDS", "Cell", "Field", "flatten"]

Cell = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, the type of its values and how they are found."""

    name: str
    type: type[str] | type[float] | type[bool]
    value: Callable[[Classification], Cell]


def flatten(result: Classification | BadRecord) -> dict[str, Cell]:
    """Return the row of a classification; of a bad record only ``id`` and ``error``."""
    if isinstance(result, BadRecord):
        return {**dict.fromkeys(field.name for field in FIELDS), "id": result.id, "error": str(result)}
    return {field.name: field.value(result) for field in FIELDS}


def _flag(task: str) -> tuple[Field, ...]:
    def part(name: str) -> Callable[[Classification], Cell]:
        return lambda result: getattr(getattr(result, task), name, None)

    return (Field(task, bool, part("label")), Field(f"{task}_probability", float, part("probability")))


def _choice(task: str) -> tuple[Field, ...]:
    return (Field(task, str, _labels(task)), Field(f"{task}_probability", float, _probability(task)))


def _level(task: str) -> tuple[Field, ...]:
    def score(result: Classification) -> Cell:
        decision = getattr(result, task)
        return decision.score if isinstance(decision, OrdinalDecision) else None

    return (*_choice(task), Field(f"{task}_score", float, score))


def _labels(task: str) -> Callable[[Classification], Cell]:
    """Several labels are joined by ``|``, the main one first."""

    def value(result: Classification) -> Cell:
        decision: MultiDecision | SingleDecision | OrdinalDecision | None = getattr(result, task)
        if decision is None:
            return None
        return "|".join(decision.labels) if isinstance(decision, MultiDecision) else decision.label

    return value


def _probability(task: str) -> Callable[[Classification], Cell]:
    """Return the probability of the label, of several that of the main one."""

    def value(result: Classification) -> Cell:
        decision = getattr(result, task)
        return None if decision is None else confidence(decision)

    return value


def _json(items: tuple[Any, ...]) -> str:
    return json.dumps([asdict(item) for item in items], ensure_ascii=False)


FIELDS: Final = (
    Field("id", str, lambda result: result.id),
    Field("language", str, lambda result: result.language),
    Field("language_probability", float, lambda result: result.language_probability),
    *_flag("complaint"),
    *_choice("motive"),
    *_level("severity"),
    *_choice("justice"),
    *_choice("quality"),
    *_choice("touchpoint"),
    *_level("tone"),
    *_flag("guarantee"),
    *_choice("conduct"),
    Field("evidence", str, lambda result: _json(result.evidence)),
    Field("facts", str, lambda result: _json(result.facts)),
    Field("review_needed", bool, lambda result: result.review.needed),
    Field("review_reasons", str, lambda result: "|".join(result.review.reasons)),
    Field("model", str, lambda result: f"{result.model.name} {result.model.version}"),
    Field("taxonomy", str, lambda result: result.model.taxonomy),
    Field("error", str, lambda _: None),
)
"""The columns, in order; ``motive`` and ``justice`` join their labels by ``|``, evidence and facts are JSON."""
