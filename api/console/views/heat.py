"""A table whose cells are darker the more they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.analytics.figures import Count, HeatCell
from classifier.taxonomy import JUSTICE, TOUCHPOINT

__all__ = ["HeatMap", "heat_map"]

_LEVELS: Final = 5


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts by touchpoint and justice; ``levels`` from 0 for none to 5 for those near the largest."""

    rows: Sequence[str]
    columns: Sequence[str]
    counts: Mapping[tuple[str, str], Count]
    levels: Mapping[tuple[str, str], int]


def heat_map(cells: Sequence[HeatCell]) -> HeatMap:
    """Arrange cells by the order of the taxonomy."""
    counts = {(cell.touchpoint, cell.justice): cell.count for cell in cells}
    most = max((count.now for count in counts.values()), default=0)
    levels = {place: -(-count.now * _LEVELS // most) if most else 0 for place, count in counts.items()}
    return HeatMap(TOUCHPOINT.label_ids, JUSTICE.label_ids, counts, levels)
