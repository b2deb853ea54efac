"""What is wrong with a value that somebody wrote, in words for them: of options, settings and files alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["reason"]

_A_NUMBER: Final = "must be a number"
_A_WHOLE_NUMBER: Final = "must be a whole number"
_A_LIST: Final = "must be a list"
_A_TABLE: Final = "must be a table of keys and values"
_A_DATE: Final = "must be a date, as in 2026-01-31"
_SAID: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "date_from_datetime_inexact": _A_DATE,
    "date_from_datetime_parsing": _A_DATE,
    "date_type": _A_DATE,
    "dict_type": _A_TABLE,
    "enum": "must be {expected}",
    "extra_forbidden": "no such key is known here",
    "finite_number": _A_NUMBER,
    "float_parsing": _A_NUMBER,
    "float_type": _A_NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": _A_WHOLE_NUMBER,
    "int_parsing": _A_WHOLE_NUMBER,
    "int_parsing_size": _A_WHOLE_NUMBER,
    "int_type": _A_WHOLE_NUMBER,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "list_type": _A_LIST,
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_attributes_type": _A_TABLE,
    "model_type": _A_TABLE,
    "path_type": "must be a path",
    "string_pattern_mismatch": "must be written as the pattern {pattern} says",
    "string_too_long": "must have {max_length} or fewer characters",
    "string_too_short": "must have {min_length} or more characters",
    "string_type": "must be text in quotes",
    "too_long": "must have {max_length} or fewer entries",
    "too_short": "must have {min_length} or more entries",
    "tuple_type": _A_LIST,
}


def reason(fault: Mapping[str, Any]) -> str:
    """Say what is wrong, from an entry of ``pydantic.ValidationError.errors()``.

    What a validator of our own raised is said as it says it. The value is not repeated, unless that does.
    """
    context = fault.get("ctx", {})
    error, said = context.get("error"), _SAID.get(fault["type"])
    inner = getattr(error, "errors", None)
    if inner is not None:
        return reason(inner()[0])
    if said is not None:
        return said.format_map({name: _plain(value) for name, value in context.items()})
    return str(error or fault["msg"])


def _plain(value: Any) -> Any:
    """Return a limit as people write it: 0 for 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
