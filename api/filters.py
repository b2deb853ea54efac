"""What lists can be narrowed to, as query parameters."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

from api.analytics.selection import FIRST_YEAR, LAST_YEAR
from api.schemas import MessageLanguage, storable
from api.store.cases import CaseFilter
from api.store.messages import MessageFilter
from api.store.records import CaseStatus, Outcome, ReviewStatus
from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = ["CaseQuery", "MessageQuery", "Moment", "PageQuery", "Term", "in_reach", "next_cursor"]

D = TypeVar("D", bound=date | None)


def in_reach(day: D) -> D:
    """Refuse a day or a moment that nothing can be counted from."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        told = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise PydanticCustomError("out_of_reach", "must be of a year from {first} to {last}", told)
    return day


Term = Annotated[str, BeforeValidator(storable), Field(max_length=512)]
Moment = Annotated[AwareDatetime, AfterValidator(in_reach)]


class PageQuery(BaseModel):
    """Which part of a list: ``cursor`` is the ``next_cursor`` of the page before."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Term | None = None


class _MessageQuery(PageQuery):
    """Filters of messages; ``since`` and ``until`` (exclusive) are about ``received_at``.

    Besides these each task of the taxonomy; several values are alternatives, and of tasks with several labels any
    counts.
    """

    channel: Term | None = None
    external_id: Term | None = None
    customer: Term | None = None
    thread_id: Term | None = None
    case_id: Term | None = None
    language: MessageLanguage | None = None
    review: ReviewStatus | None = None
    since: Moment | None = None
    until: Moment | None = None

    def to_filter(self) -> MessageFilter:
        """Return the filter of the store."""
        given = self.model_dump(exclude_none=True, exclude={"limit", "cursor"})
        labels = {task.id: given.pop(task.id) for task in TASKS if task.id in given}
        return MessageFilter(labels=labels, customer_id=given.pop("customer", None), **given)


class CaseQuery(PageQuery):
    """Filters of cases; ``due_before`` is about the deadline of the resolution."""

    status: CaseStatus | None = None
    outcome: Outcome | None = None
    priority: Term | None = None
    owner: Term | None = None
    channel: Term | None = None
    customer: Term | None = None
    double_deviation: bool | None = None
    due_before: Moment | None = None

    def to_filter(self) -> CaseFilter:
        """Return the filter of the store."""
        given = self.model_dump(exclude_none=True, exclude={"limit", "cursor"})
        return CaseFilter(customer_id=given.pop("customer", None), **given)


def _field(task: Task) -> Any:
    """Return the type and default of a filter by a task's labels."""
    label: Any = bool if task.kind is TaskKind.FLAG else Literal[task.label_ids]
    return (Annotated[list[label] | None, Field(description=task.definition.en)], None)


if TYPE_CHECKING:
    MessageQuery = _MessageQuery
else:
    MessageQuery = create_model("MessageQuery", __base__=_MessageQuery, **{task.id: _field(task) for task in TASKS})


def next_cursor(ids: list[str], limit: int) -> str | None:
    """Return where the next page starts, if this one of ``limit`` and one more has one; shorten it to ``limit``."""
    return ids[limit - 1] if len(ids) > limit else None
