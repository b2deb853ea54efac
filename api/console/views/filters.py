"""What the figures are about, as the address says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from api.analytics.selection import LONGEST_DAYS, Selection
from api.console.refusals import NO_LABEL, NO_PERIOD, RefusedError
from api.filters import Term, in_reach
from api.schemas import MessageLanguage
from classifier.errors import InputError
from classifier.taxonomy import TASK_BY_ID, TaskKind

__all__ = ["PAGES", "SPANS", "FigureQuery", "Given", "also", "as_given", "export_address", "kept"]

PAGES: Final = ("/", "/moments", "/policy", "/model")
"""The pages that take these filters."""

SPANS: Final = (7, 30, 90, 365)
_DAYS: Final = 30


def _given(value: object) -> object:
    """Take an empty field of a form for one that is not there."""
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_given), AfterValidator(in_reach)]
Word = Annotated[Term | None, BeforeValidator(_given)]


class FigureQuery(BaseModel):
    """Filters of figures: the last ``days``, or from ``since`` to ``until``, both counted; ``label`` is ``task:id``."""

    model_config = ConfigDict(extra="ignore")

    days: Annotated[int, BeforeValidator(lambda value: _given(value) or _DAYS), Field(ge=1, le=3650)] = _DAYS
    since: Day = None
    until: Day = None
    channel: Word = None
    country: Word = None
    language: Annotated[MessageLanguage | None, BeforeValidator(_given)] = None
    label: Word = None

    def selection(self, timezone: str, now: datetime) -> Selection:
        """Return what is asked for, in days of a time zone; of UTC if the zone's days can't be counted.

        Raise ``RefusedError`` if the days make no period, or the label is none.
        """
        try:
            chosen = Selection.last_days(self.days, now.astimezone(ZoneInfo(timezone)).date(), timezone=timezone)
        except InputError:
            chosen = Selection.last_days(self.days, now.astimezone(UTC).date())
        if self.since or self.until:
            until = date.fromordinal(self.until.toordinal() + 1) if self.until else chosen.until
            since = self.since or date.fromordinal(max(1, until.toordinal() - self.days))
            if not 0 < (until - since).days <= LONGEST_DAYS:
                raise RefusedError(NO_PERIOD, count=LONGEST_DAYS)
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


def also(found: Sequence[str], chosen: str | None) -> Sequence[str]:
    """Return what there is to choose from, with what was chosen, although nothing may be of it any more."""
    return [*found, chosen] if chosen and chosen not in found else found


def kept(path: str, given: Iterable[tuple[str, str]]) -> str:
    """Return the filters of a page's address, as the other pages of figures take them; empty elsewhere."""
    if path not in PAGES:
        return ""
    return urlencode([(name, value) for name, value in given if name in FigureQuery.model_fields and value])


@dataclass(frozen=True, slots=True)
class Given:
    """Filters that were refused, to be shown as they were given; of what there is to choose from, what was chosen."""

    chosen: FigureQuery

    @property
    def channels(self) -> Sequence[str]:
        """The channel that was chosen."""
        return [self.chosen.channel] if self.chosen.channel else []

    @property
    def countries(self) -> Sequence[str]:
        """The country that was chosen."""
        return [self.chosen.country] if self.chosen.country else []

    @property
    def languages(self) -> Sequence[str]:
        """The languages that can be chosen."""
        return get_args(MessageLanguage)


def as_given(path: str, given: Iterable[tuple[str, str]]) -> Given | None:
    """Return the filters of a page's address as far as they can be shown again; ``None`` elsewhere."""
    if path not in PAGES:
        return None
    try:
        return Given(FigureQuery.model_validate(dict(given)))
    except ValidationError:
        return None


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
    """Read ``task:label``; raise ``RefusedError`` if there is none such."""
    if not written:
        return {}
    name, _, label = written.partition(":")
    task = TASK_BY_ID.get(name)
    if task is None or label not in task.label_ids:
        raise RefusedError(NO_LABEL)
    return {name: (label == "yes" if task.kind is TaskKind.FLAG else label,)}
