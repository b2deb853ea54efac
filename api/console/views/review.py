"""A message to be judged by a person, and what the model and others say of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from api.analytics.agreement import Agreement, agreement
from api.console.names import labels_of
from api.console.refusals import CHOOSE_ONE, SAY_FIRST, RefusedError
from api.console.text import Segment, segments
from api.console.views.case import Answer, thread_message
from api.errors import NotFoundError
from api.feedback import Labels
from api.store import feedback, messages, reviewing
from api.store.database import Connection
from api.store.records import MessageRecord
from classifier.taxonomy import COMPLAINT, SEVERITY, TASK_BY_ID, TASKS, Task, TaskKind

__all__ = ["Opinion", "Question", "ReviewView", "labels_from", "opinions", "read_review"]

_WITHOUT_ANSWER: Final = (COMPLAINT.id, SEVERITY.id, "motive", "justice")
_MOST_READINGS: Final = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """A task that a person should answer; ``several`` if it may have more than one label."""

    task: Task

    @property
    def several(self) -> bool:
        """Whether more than one label may be given, the main one first."""
        return self.task.kind is TaskKind.MULTI


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The message that is next, if there is one; ``waiting`` counts what is left, up to ``most``."""

    message: MessageRecord | None
    segments: Sequence[Segment]
    questions: Sequence[Question]
    second: bool
    waiting: int
    most: int
    agreements: Sequence[Agreement]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was answered to a task: by the reviewer, by the model and how sure it was, and by others."""

    task: Task
    mine: Sequence[str]
    model: Answer | None
    others: Sequence[tuple[str, Sequence[str]]]

    @property
    def agrees(self) -> bool | None:
        """Whether model and reviewer say the same; ``None`` if the model said nothing."""
        return None if self.model is None else set(self.model.labels) == set(self.mine)


async def read_review(
    connection: Connection, reviewer: str, *, message_id: str | None, after: str | None, second: bool, mask: bool
) -> ReviewView:
    """Gather what is to be judged next: this message, or the next one after another."""
    if message_id is not None:
        message = await messages.get(connection, message_id)
        if message is None:
            raise NotFoundError("there is no such message")
    elif second:
        message = await reviewing.next_second(connection, reviewer, after=after)
    else:
        message = await reviewing.next_unsure(connection, after=after)
    cut = segments(message.text, (), message.personal, mask=mask) if message else ()
    return ReviewView(
        message=message,
        segments=cut,
        questions=[Question(task) for task in _asked(message)] if message else (),
        second=second,
        waiting=await reviewing.waiting(connection),
        most=reviewing.MOST_COUNTED,
        agreements=agreement(await reviewing.readings(connection, limit=_MOST_READINGS)),
    )


def labels_from(form: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the labels of a form: ``motive`` may come several times, the main one first.

    Raise ``RefusedError`` if they are none of the taxonomy, or do not say whether it is a complaint.
    """
    given: dict[str, list[str]] = {}
    for name, value in form:
        if name in TASK_BY_ID and value and value not in given.setdefault(name, []):
            given[name].append(value)
    labels = {name: _label(TASK_BY_ID[name], values) for name, values in given.items() if values}
    if labels.get(COMPLAINT.id) is False:
        labels = {name: label for name, label in labels.items() if not TASK_BY_ID[name].complaints_only}
    if COMPLAINT.id not in labels:
        raise RefusedError(SAY_FIRST)
    try:
        checked: dict[str, Any] = Labels.model_validate(labels).model_dump(exclude_none=True)
    except ValidationError:
        raise RefusedError(CHOOSE_ONE) from None
    return checked


async def opinions(connection: Connection, message: MessageRecord, mine: Mapping[str, Any]) -> list[Opinion]:
    """Return what model and other reviewers say to each task that the reviewer answered last."""
    model = {answer.task.id: answer for answer in thread_message(message, None, None, mask=True).answers}
    given = await feedback.of_message(connection, message.id)
    last = {item.reviewer or "": item for item in given}
    me = given[-1].reviewer or "" if given else ""
    found = []
    for task in TASKS:
        if task.id in mine:
            others = [(name, _listed(item.labels[task.id])) for name, item in last.items()
                      if name != me and task.id in item.labels]  # fmt: skip
            found.append(Opinion(task, _listed(mine[task.id]), model.get(task.id), others))
    return found


def _asked(message: MessageRecord) -> list[Task]:
    """Return the tasks that the model was unsure of, in their order; whether it is a complaint comes first."""
    result = message.classification
    reasons = result["review"]["reasons"]
    unsure = {reason.partition(":")[0] for reason in reasons} & TASK_BY_ID.keys()
    if not unsure or not labels_of(COMPLAINT, result.get(COMPLAINT.id)):
        unsure |= set(_WITHOUT_ANSWER)
    return [task for task in TASKS if task.id in unsure or task is COMPLAINT]


def _label(task: Task, values: Sequence[str]) -> Any:
    if task.kind is TaskKind.FLAG:
        return {"yes": True, "no": False}.get(values[0], values[0])
    return list(values) if task.kind is TaskKind.MULTI else values[0]


def _listed(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [("no", "yes")[value]]
    return list(value) if isinstance(value, list) else [value]
