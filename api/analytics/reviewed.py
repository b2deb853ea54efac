"""What people reviewed: how it bears out the model, and how far they agree with each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from api.analytics.agreement import Agreement, agreement
from api.analytics.calibration import Bin, Coverage, Outcome, TaskRow, coverage, outcomes, reliability, task_rows
from api.analytics.figures import Drift
from api.analytics.retraining import Verdict, verdict
from api.analytics.selection import Selection
from api.store import reviewing
from api.store.database import Connection, Store
from api.store.exports import ExportFilter
from api.store.reviewing import Reviewed
from classifier.types import ModelInfo

__all__ = ["Agreements", "Judgements", "ModelFigures", "agreement_of", "model_figures"]

_MOST_JUDGED: Final = 1000
_MOST_READ: Final = 1000
_EVER: Final = ExportFilter(datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """The present model on what people reviewed, the last ``most`` messages at most, of the last 10,000 corrections.

    ``tasks``, ``calibration`` and ``coverage`` are of the messages of the selection whose answers of this model people
    judged, ``drift`` of all messages of the selection. ``verdict`` is of everything: this model's answers that were
    judged last, and the messages of the last 90 days, whatever the filters.
    """

    name: str
    version: str
    taxonomy: str
    reviewed: int
    most: int
    tasks: Sequence[TaskRow]
    calibration: Sequence[Bin]
    coverage: Sequence[Coverage]
    drift: Sequence[Drift]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Agreements:
    """How far reviewers agree on the messages of the selection that several looked at, the last ``most`` at most."""

    messages: int
    most: int
    tasks: Sequence[Agreement]


class Judgements:
    """How a model's answers came off with people; the last ``kept`` corrections are remembered: none ever changes."""

    def __init__(self, store: Store, *, kept: int = 10 * _MOST_JUDGED) -> None:
        self._store = store
        self._kept = kept
        self._known: dict[str, tuple[Outcome, ...]] = {}

    async def of(self, selections: Sequence[Selection | None], model: str) -> list[list[tuple[Outcome, ...]]]:
        """Return for each selection the answers of each message that people judged last; ``None`` selects all."""
        known = self._known  # as it is now: another call may forget meanwhile what this one counts on
        async with self._store.read() as connection:
            chosen = [await _chosen(connection, selection, _MOST_JUDGED, model=model) for selection in selections]
            wanted = list(dict.fromkeys(each.correction for some in chosen for each in some))
            found = await reviewing.judged(connection, [name for name in wanted if name not in known])
        made = await asyncio.to_thread(lambda: {name: tuple(outcomes([item])) for name, item in found.items()})
        present = {name: made[name] if name in made else known[name] for name in wanted}
        rest = {name: value for name, value in self._known.items() if name not in present}
        self._known = dict(list({**rest, **present}.items())[-self._kept :])
        return [[present[each.correction] for each in some] for some in chosen]


async def agreement_of(store: Store, selection: Selection) -> Agreements:
    """Return how far reviewers agree."""
    async with store.read() as connection:
        chosen = await _chosen(connection, selection, _MOST_READ, several=True)
        readings = await reviewing.readings_of(connection, [each.message_id for each in chosen])
    return Agreements(len(chosen), _MOST_READ, await asyncio.to_thread(agreement, readings))


def model_figures(
    model: ModelInfo,
    found: Sequence[Sequence[Outcome]],
    every: Sequence[Sequence[Outcome]],
    drift: Sequence[Drift],
    lately: Sequence[Drift],
) -> ModelFigures:
    """Return the figures of a model: ``found`` and ``drift`` are of the selection, the rest is for the verdict."""
    judged = list(chain.from_iterable(found))
    return ModelFigures(
        name=model.name,
        version=model.version,
        taxonomy=model.taxonomy,
        reviewed=len(found),
        most=_MOST_JUDGED,
        tasks=task_rows(judged),
        calibration=reliability(judged),
        coverage=coverage(judged),
        drift=drift,
        verdict=verdict(list(chain.from_iterable(every)), len(every), lately),
    )


async def _chosen(connection: Connection, selection: Selection | None, most: int, **more: Any) -> list[Reviewed]:
    """Return the last ``most`` reviewed messages of a selection; ``None`` selects everything."""
    wanted = _EVER if selection is None else selection.filter
    return await reviewing.reviewed(connection, wanted, limit=most, **more)
