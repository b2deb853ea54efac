"""The page of the threat model says what the code does: its paths are there, its numbers are the code's."""

from __future__ import annotations

import importlib
import re
from dataclasses import is_dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.conftest import ROOT

PAGE: Final = (ROOT / "docs/security/threat-model.md").read_text(encoding="utf-8")
LIMITS: Final = re.findall(r"^\| [^|]+ \| ([\d,]+)(?: (\w+))? \| `([\w.]+)` \|$", PAGE, re.M)
UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024**2, "s": 1, "min": 60, "h": 3600}


def found(name: str) -> Any:
    """Return what a dotted name stands for: a constant, the default of a setting or of a field."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            fields = getattr(value, "model_fields", {})
            if part in fields:
                value = fields[part]
            elif is_dataclass(value) and part in value.__dataclass_fields__:
                value = value.__dataclass_fields__[part].default
            else:
                value = getattr(value, part)
        return value
    raise LookupError(name)


@pytest.mark.parametrize(("number", "unit", "name"), LIMITS, ids=lambda part: part)
def test_a_limit_is_the_code_s(number: str, unit: str, name: str) -> None:
    value = found(name)
    written = int(number.replace(",", "")) * UNITS[unit]
    if name == "api.filters.PageQuery.limit":
        value = next(item.le for item in value.metadata if hasattr(item, "le"))
    value = getattr(value, "default", value)

    assert written == (value.total_seconds() if isinstance(value, timedelta) else value)


def test_no_limit_is_overlooked() -> None:
    rows = PAGE[PAGE.index("## Limits") : PAGE.index("## What remains")].count("\n| ")

    assert len(LIMITS) == rows - 1 > 30


def test_what_the_page_names_is_there() -> None:
    paths = set(re.findall(r"`((?:api|classifier|tests)/[\w./-]+)`", PAGE))

    assert len(paths) > 60
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []
