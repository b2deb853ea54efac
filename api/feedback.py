"""What a person may correct: the nine labels, held to the taxonomy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = ["Labels"]


def _once(labels: list[str]) -> list[str]:
    """Refuse a label that is given twice."""
    if len(set(labels)) < len(labels):
        raise PydanticCustomError("label_twice", "each label can be given once")
    return labels


class _Coherent(BaseModel):
    """Labels that fit together. A task that is left out was not judged."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _no_complaint_no_grievance(self) -> _Coherent:
        """Refuse labels of a complaint for what is none."""
        given = self.model_dump(exclude_none=True)
        wrong = [task.id for task in TASKS if task.complaints_only and task.id in given]
        if wrong and given["complaint"] is False:
            raise PydanticCustomError(
                "no_complaint", "a message that is no complaint has no {tasks}", {"tasks": ", ".join(wrong)}
            )
        return self


def _field(task: Task) -> Any:
    """Return a task's type and default."""
    answer: Any = Literal[task.label_ids]
    if task.kind is TaskKind.FLAG:
        answer = Annotated[bool, Field(strict=True)]
    elif task.kind is TaskKind.MULTI:
        answer = Annotated[list[answer], Field(min_length=1), AfterValidator(_once)]
    about = Field(description=task.definition.en)
    return (Annotated[answer, about], ...) if task.id == "complaint" else (Annotated[answer | None, about], None)


if TYPE_CHECKING:
    Labels = _Coherent
else:
    Labels = create_model("Labels", __base__=_Coherent, **{task.id: _field(task) for task in TASKS})
