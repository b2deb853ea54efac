"""What the figures are about, as the address says it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.analytics.selection import Selection
from api.filters import Term
from classifier.errors import InputError
from classifier.taxonomy import TASK_BY_ID, TaskKind

__all__ = ["SPANS", "FigureQuery", "export_address"]

SPANS: Final = (7, 30, 90, 365)
_DAYS: Final = 30


def _given(value: object) -> object:
    """Take an empty field of a form for one that is not there."""
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_given)]
Word = Annotated[Term | None, BeforeValidator(_given)]


class FigureQuery(BaseModel):
    """Filters of figures: the last ``days``, or from ``since`` to ``until``, both counted; ``label`` is ``task:id``."""

    model_config = ConfigDict(extra="ignore")

    days: Annotated[int, BeforeValidator(lambda value: _given(value) or _DAYS), Field(ge=1, le=3650)] = _DAYS
    since: Day = None
    until: Day = None
    channel: Word = None
    country: Word = None
    language: Word = None
    label: Word = None

    def selection(self, timezone: str, now: datetime) -> Selection:
        """Return what is asked for, in days of a time zone; of UTC if the zone's days can't be counted.

        Raise ``InputError`` if the days make no period.
        """
        try:
            chosen = Selection.last_days(self.days, now.astimezone(ZoneInfo(timezone)).date(), timezone=timezone)
        except InputError:
            chosen = Selection.last_days(self.days, now.astimezone(UTC).date())
        if self.since or self.until:
            until = date.fromordinal(self.until.toordinal() + 1) if self.until else chosen.until
            since = self.since or date.fromordinal(max(1, until.toordinal() - self.days))
            chosen = replace(chosen, since=since, until=until)
        return replace(
            chosen,
            channels=(self.channel,) if self.channel else (),
            countries=(self.country,) if self.country else (),
            languages=(self.language,) if self.language else (),
            labels=_labels(self.label),
        )

    def address(self, path: str, **more: Any) -> str:
        """Return an address with these filters and others."""
        given = self.model_dump(mode="json", exclude_defaults=True) | more
        chosen = {key: value for key, value in given.items() if value not in (None, "")}
        return path + (f"?{urlencode(chosen)}" if chosen else "")


def export_address(form: str, selection: Selection) -> str:
    """Return where the messages of a selection can be downloaded as ``form``: all of its filters, none forgotten."""
    given: list[tuple[str, object]] = [
        ("since", selection.since),
        ("until", selection.until),
        ("timezone", selection.timezone),
        *(("channel", channel) for channel in selection.channels),
        *(("country", country) for country in selection.countries),
        *(("language", language) for language in selection.languages),
        *((task, _written(label)) for task, labels in selection.labels.items() for label in labels),
    ]
    return f"/v1/export.{form}?{urlencode(given + ([('review', selection.review)] if selection.review else []))}"


def _written(label: str | bool) -> str:  # noqa: FBT001 - a flag's label
    return str(label).lower() if isinstance(label, bool) else label


def _labels(written: str | None) -> dict[str, tuple[str | bool, ...]]:
    """Read ``task:label``; raise ``InputError`` if there is none such."""
    if not written:
        return {}
    name, _, label = written.partition(":")
    task = TASK_BY_ID.get(name)
    if task is None or label not in task.label_ids:
        raise InputError("label: no such label, write one as severity:high")
    return {name: (label == "yes" if task.kind is TaskKind.FLAG else label,)}
