"""What analytics and exports can be narrowed to, as query parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from api.analytics.selection import Selection, zone_of
from api.filters import Term
from api.schemas import MessageLanguage
from api.store.records import ReviewStatus
from classifier.errors import InputError
from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = ["DEFAULT_DAYS", "SelectionQuery"]

DEFAULT_DAYS = 30


class _SelectionQuery(BaseModel):
    """Messages received on the days ``since`` to before ``until`` of ``timezone``; without them the last 30 days.

    Besides these each task of the taxonomy. Several values are alternatives, and of tasks with several labels any
    counts. Labels are those that a person corrected, else the model's.
    """

    model_config = ConfigDict(extra="forbid")

    since: date | None = None
    until: date | None = None
    timezone: Annotated[Term, Field(examples=["America/Sao_Paulo"])] = "UTC"
    channel: list[Term] = []
    country: list[Annotated[str, Field(pattern="^[A-Z]{2}$")]] = []
    language: list[MessageLanguage] = []
    review: ReviewStatus | None = None

    @model_validator(mode="after")
    def _is_a_selection(self) -> _SelectionQuery:
        """Refuse days and zones that can't be counted by."""
        try:
            self.to_selection()
        except InputError as error:
            raise PydanticCustomError("selection", "{reason}", {"reason": str(error)}) from None
        return self

    def to_selection(self) -> Selection:
        """Return what is asked for."""
        labels = {task.id: tuple(given) for task in TASKS if (given := getattr(self, task.id))}
        until = self.until or self._tomorrow()
        since = self.since or date.fromordinal(max(until.toordinal() - DEFAULT_DAYS, 1))
        return Selection(
            since,
            until,
            self.timezone,
            tuple(self.channel),
            tuple(self.country),
            tuple(self.language),
            labels,
            self.review and self.review.value,
        )

    def _tomorrow(self) -> date:
        return date.fromordinal(datetime.now(UTC).astimezone(zone_of(self.timezone)).toordinal() + 1)


def _field(task: Task) -> Any:
    """Return the type and default of a filter by a task's labels."""
    label: Any = bool if task.kind is TaskKind.FLAG else Literal[task.label_ids]
    return (Annotated[list[label], Field(description=task.definition.en)], [])


if TYPE_CHECKING:
    SelectionQuery = _SelectionQuery
else:
    SelectionQuery = create_model(
        "SelectionQuery", __base__=_SelectionQuery, **{task.id: _field(task) for task in TASKS}
    )
