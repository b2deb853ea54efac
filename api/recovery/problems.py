"""What is wrong with a policy that can be read, and how bad that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Level", "Problem", "error", "warning"]


class Level(StrEnum):
    """How bad a problem is; only an error makes a check fail."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong at ``path``; ``code`` is stable."""

    level: Level
    code: str
    path: str
    message: str


def error(code: str, path: str, message: str) -> Problem:
    """Return what makes a check fail."""
    return Problem(Level.ERROR, code, path, message)


def warning(code: str, path: str, message: str) -> Problem:
    """Return what somebody should look at."""
    return Problem(Level.WARNING, code, path, message)
