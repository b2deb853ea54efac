"""A place in a text that identifies somebody."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PersonalData", "Taken"]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Code points ``start`` to ``end`` (exclusive) of a text identify somebody; ``kind`` is one of ``KINDS``."""

    kind: str
    start: int
    end: int


class Taken:
    """What has been found in a text so far: a place that one rule has taken is lost to the next."""

    def __init__(self, length: int) -> None:
        self.found: list[PersonalData] = []
        self._covered = bytearray(length)

    def free(self, start: int, end: int) -> bool:
        """Tell whether nothing of a place is taken."""
        return not any(self._covered[start:end])

    def take(self, kind: str, start: int, end: int) -> bool:
        """Take a place unless a part of it is taken, and tell whether it was free."""
        if not self.free(start, end):
            return False
        self._covered[start:end] = b"\1" * (end - start)
        self.found.append(PersonalData(kind, start, end))
        return True
