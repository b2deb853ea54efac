"""What pydantic finds wrong, in our words."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from classifier.faults import _SAID, reason


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


def no_fridays(value: str) -> str:
    raise ValueError(f"{value} is no day that we open")


def nested(value: str) -> int:
    return TypeAdapter(int).validate_python(value)


WRONG: list[tuple[Any, Any, str]] = [
    (int, "many", "must be a whole number"),
    (int, 1.5, "must be a whole number"),
    (int, [], "must be a whole number"),
    (int, "9" * 5000, "must be a whole number"),
    (float, "much", "must be a number"),
    (float, {}, "must be a number"),
    (Annotated[float, Field(allow_inf_nan=False)], "nan", "must be a number"),
    (bool, "perhaps", "must be true or false"),
    (bool, 1.5, "must be true or false"),
    (str, 3, "must be text in quotes"),
    (SecretStr, 3, "must be text in quotes"),
    (Path, 3, "must be a path"),
    (date, "soon", "must be a date, as in 2026-01-31"),
    (date, [], "must be a date, as in 2026-01-31"),
    (date, "2026-01-31T10:00:00", "must be a date, as in 2026-01-31"),
    (Annotated[int, Field(ge=1)], 0, "must be 1 or more"),
    (Annotated[int, Field(le=65535)], 70_000, "must be 65535 or less"),
    (Annotated[float, Field(gt=0)], 0, "must be more than 0"),
    (Annotated[float, Field(lt=0.5)], 0.5, "must be less than 0.5"),
    (Literal["debug", "info"], "loud", "must be 'debug' or 'info'"),
    (Colour, "green", "must be 'red' or 'blue'"),
    (Annotated[str, Field(pattern="^[A-Z]{2}$")], "es", "must be written as the pattern ^[A-Z]{2}$ says"),
    (Annotated[str, Field(min_length=1)], "", "must have 1 or more characters"),
    (Annotated[str, Field(max_length=3)], "long", "must have 3 or fewer characters"),
    (Annotated[list[int], Field(min_length=1)], [], "must have 1 or more entries"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "must have 1 or fewer entries"),
    (list[int], 3, "must be a list"),
    (tuple[int, ...], 3, "must be a list"),
    (dict[str, int], 3, "must be a table of keys and values"),
    (Mapping[str, int], 3, "must be a table of keys and values"),
    (Table, 3, "must be a table of keys and values"),
    (Table, {}, "is missing"),
    (Table, {"name": "x", "nmae": "y"}, "no such key is known here"),
    (Annotated[str, AfterValidator(no_fridays)], "friday", "friday is no day that we open"),
    (Annotated[str, AfterValidator(nested)], "many", "must be a whole number"),
]


def fault_of(kind: Any, value: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    return dict(raised.value.errors()[0])


@pytest.mark.parametrize(("kind", "value", "said"), WRONG)
def test_what_is_wrong_is_said_in_words(kind: Any, value: Any, said: str) -> None:
    assert reason(fault_of(kind, value)) == said


def test_every_wording_is_of_a_fault_that_happens() -> None:
    found = {fault_of(kind, value)["type"] for kind, value, _ in WRONG}
    attributes = TypeAdapter(Table)
    with pytest.raises(ValidationError) as raised:
        attributes.validate_python(3, from_attributes=True)
    found.add(raised.value.errors()[0]["type"])
    assert set(_SAID) <= found


def test_what_has_no_wording_of_ours_is_said_as_pydantic_does() -> None:
    fault = fault_of(complex, "x")
    assert reason(fault) == fault["msg"]
