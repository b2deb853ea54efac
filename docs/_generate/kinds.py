"""Types and defaults of settings and options, as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from .tables import code

__all__ = ["as_toml", "kind"]

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", SecretStr: "secret"}
_OF_MANY = (list, tuple, set, frozenset, Sequence)


def kind(annotation: Any) -> str:
    """Return a type in words; a closed set as its values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0])
    if origin is Literal:
        return ", ".join(code(value) for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(kind(part) for part in arguments if part is not NoneType))
    if origin in _OF_MANY:
        return f"list of {kind(arguments[0])}" if arguments else "list"
    if origin in (dict, Mapping):
        return "table"
    return _named(annotation)


def as_toml(value: Any) -> str:
    """Return a default as it would stand in a TOML file; nothing for one that is not there."""
    if value is None:
        return ""
    if isinstance(value, BaseModel):
        return "the table's own"
    if isinstance(value, SecretStr):
        return ""
    plain = _plain(value)
    return code(json.dumps(plain, ensure_ascii=False) if not isinstance(plain, dict) or not plain else "…")


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _named(annotation: Any) -> str:
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return ", ".join(code(member.value) for member in annotation)
        if issubclass(annotation, BaseModel):
            return "table"
    return _PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())
