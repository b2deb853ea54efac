"""The worst phrases of each touchpoint: the cells say in which hours to look, so that few rows are read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from api.analytics.counting import Chosen
from api.analytics.figures import Phrase
from api.analytics.layout import FIELDS, effective
from api.analytics.selection import Selection
from api.early_warning.examples import example
from api.store.database import Store
from api.store.phrases import Hours, worst
from api.store.records import MessageRecord
from classifier.taxonomy import SEVERITY, TASKS, TOUCHPOINT, TaskKind

__all__ = ["fits", "labels_of", "phrases_of"]

_WORST_FIRST: Final = tuple(reversed(SEVERITY.label_ids))


async def phrases_of(store: Store, cells: Chosen, selection: Selection, most: int) -> dict[str, tuple[Phrase, ...]]:
    """Return up to ``most`` phrases by touchpoint, the gravest and then the newest first."""
    found: dict[str, list[Phrase]] = {label: [] for label in TOUCHPOINT.label_ids}
    for level in _WORST_FIRST:
        missing = [label for label, held in found.items() if len(held) < most]
        if not missing:
            break
        looked = await asyncio.to_thread(_hours, cells, level, missing, most)
        async with store.read() as connection:
            for wanted in looked:
                shown = [_phrase(*each, wanted, selection) for each in await worst(connection, wanted)]
                held = found[wanted.touchpoint]
                held += [phrase for phrase in shown if phrase is not None][: most - len(held)]
    return {label: tuple(phrases) for label, phrases in found.items()}


def labels_of(classification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's labels by task, lists where there may be several."""
    found: dict[str, Any] = {}
    for task in TASKS:
        decision = classification.get(task.id)
        found[task.id] = decision and decision["labels" if task.kind is TaskKind.MULTI else "label"]
    return found


def fits(selection: Selection, values: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Say whether a message is one of a selection but for its time; ``labels`` are the effective ones.

    ``values`` has its ``channel``, ``country``, ``language`` and ``review``.
    """
    plain = {
        "channel": selection.channels,
        "country": selection.countries,
        "language": selection.languages,
        "review": (selection.review,) if selection.review else (),
    }
    if any(wanted and values[name] not in wanted for name, wanted in plain.items()):
        return False
    return all(
        not wanted or not set(wanted).isdisjoint(value if isinstance(value, list | tuple) else [value])
        for task, wanted in selection.labels.items()
        for value in [labels[task]]
    )


def _hours(cells: Chosen, level: str, touchpoints: Sequence[str], most: int) -> list[Hours]:
    """Return by touchpoint the newest hours that have messages of a severity."""
    grave = cells.of("severity") == FIELDS["severity"].code(level)
    hour, touchpoint = cells.hour[grave], cells.of("touchpoint")[grave]
    found = []
    for label in touchpoints:
        newest = np.unique(hour[touchpoint == FIELDS["touchpoint"].code(label)])[-most:]
        if len(newest):
            found.append(Hours(label, level, [datetime.fromtimestamp(int(one) * 3600, UTC) for one in newest]))
    return found


def _phrase(
    message: MessageRecord, language: str | None, corrected: Any, wanted: Hours, selection: Selection
) -> Phrase | None:
    """Return what a message says, if it has evidence and its labels are still those that were looked for."""
    labels = effective(labels_of(message.classification), corrected)
    country = (message.customer or {}).get("country")
    values = {"channel": message.channel, "country": country, "language": language, "review": message.review}
    same = (labels["touchpoint"], labels["severity"]) == (wanted.touchpoint, wanted.severity)
    if not same or not fits(selection, values, labels):
        return None
    text = example(message, SEVERITY.id, wanted.severity, phrase=True)["phrase"]
    if not text:
        return None
    return Phrase(
        message_id=message.id,
        case_id=message.case_id,
        received_at=message.received_at,
        channel=message.channel,
        language=language,
        severity=wanted.severity,
        text=text,
    )
