"""What the classifier returns: frozen records that become the JSON of the public contract.

``Classification.to_dict`` and ``Classification.from_dict`` are inverse to each other. Probabilities are calibrated
and lie in [0, 1]. ``start`` and ``end`` count Unicode code points of the text as it was sent, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

FactValue = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class FlagDecision:
    """Answer to a yes-or-no task; ``label`` is ``None`` where the question was not decided."""

    label: bool | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class MultiDecision:
    """Answer to a task with one or more labels; ``labels`` is in order of probability, ``primary`` its first."""

    primary: str
    labels: tuple[str, ...]
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OrdinalDecision:
    """Answer on an ordered scale; ``score`` is the expected level, 0 for the lowest to 3 for the highest."""

    label: str
    probabilities: Mapping[str, float]
    score: float


@dataclass(frozen=True, slots=True)
class SingleDecision:
    """Answer to a task with exactly one label."""

    label: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the text that carries a decision."""

    task: str
    label: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something checkable that the text states.

    ``kind`` is one of ``amount``, ``reference``, ``date``, ``deadline``, ``contacts``, ``agency``, ``request``;
    ``value`` is its normalised form, e.g. ``{"currency": "BRL", "amount": "350.00"}``.
    """

    kind: str
    text: str
    value: FactValue
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Review:
    """Whether a person should look, and why."""

    needed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model decided."""

    name: str
    version: str
    taxonomy: str


@dataclass(frozen=True, slots=True)
class Classification:
    """Everything the classifier says about one message.

    ``language`` is ``es``, ``pt``, ``other`` or ``None`` (no words to tell it by). ``complaint`` and the rest are
    ``None`` where nothing was decided: every task of a text that is neither Spanish nor Portuguese, and the
    complaint-only tasks of a message that is no complaint.
    """

    id: str
    language: str | None
    language_probability: float
    complaint: FlagDecision
    motive: MultiDecision | None
    severity: OrdinalDecision | None
    justice: MultiDecision | None
    quality: SingleDecision | None
    touchpoint: SingleDecision | None
    tone: OrdinalDecision | None
    guarantee: FlagDecision | None
    conduct: SingleDecision | None
    review: Review
    model: ModelInfo
    evidence: tuple[Evidence, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the contract, keys in its order."""
        return {key: _plain(getattr(self, key)) for key in _JSON_ORDER}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a classification from ``to_dict``'s result, or from the JSON that it became."""
        values = dict(data)
        for name, record in _RECORDS.items():
            if values[name] is not None:
                values[name] = record(**_tuples(values[name]))
        values["evidence"] = tuple(Evidence(**item) for item in values["evidence"])
        values["facts"] = tuple(Fact(**item) for item in values["facts"])
        return cls(**values)


_SCALARS = frozenset({str, int, float, bool})

_JSON_ORDER = (
    "id",
    "language",
    "language_probability",
    "complaint",
    "motive",
    "severity",
    "justice",
    "quality",
    "touchpoint",
    "tone",
    "guarantee",
    "conduct",
    "evidence",
    "facts",
    "review",
    "model",
)

_RECORDS: Mapping[str, type[Any]] = {
    "complaint": FlagDecision,
    "motive": MultiDecision,
    "severity": OrdinalDecision,
    "justice": MultiDecision,
    "quality": SingleDecision,
    "touchpoint": SingleDecision,
    "tone": OrdinalDecision,
    "guarantee": FlagDecision,
    "conduct": SingleDecision,
    "review": Review,
    "model": ModelInfo,
}


def _plain(value: Any) -> Any:
    """Turn records into dicts, at any depth; ``dataclasses.asdict`` takes seven times as long."""
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    if hasattr(value, "__slots__"):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return dict(value) if isinstance(value, Mapping) else value


def _tuples(record: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the JSON lists of a record back into tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
