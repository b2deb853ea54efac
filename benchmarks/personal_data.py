"""How much personal data is masked, and how much else: recall and precision on messages written for it.

The messages are in ``tests/golden/personal-data-*.jsonl``: ``[name:Ana Ruiz]`` marks what identifies somebody,
``[-:4412]`` what looks alike and does not. Nobody's data is among them: people are made up, numbers are random with
right check digits.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import hostile
from benchmarks.texts import ROOT
from classifier.limits import MAX_CHARACTERS
from classifier.redaction import PersonalData, find_personal_data

__all__ = ["FOLDER", "Cell", "Marked", "cells", "load", "measure", "slowest", "tables"]

FOLDER: Final = ROOT / "tests" / "golden"
_MARK: Final = re.compile(r"\[(-|[a-z]+):([^\]]*)\]")
_HARMLESS: Final = "-"
_MOST_OUTSIDE: Final = 1 / 3

Finder = Callable[[str], Iterable[PersonalData]]


@dataclass(frozen=True, slots=True)
class Marked:
    """A written message: its personal data, and the ``harmless`` places that look alike (kind ``-``)."""

    id: str
    language: str
    half: str
    text: str
    personal: tuple[PersonalData, ...]
    harmless: tuple[PersonalData, ...]

    @classmethod
    def read(cls, record: dict[str, str]) -> Marked:
        """Read a line of the written set; its id is ``language-half-number``."""
        language, half, _ = record["id"].split("-")
        text, place, marks = "", 0, []
        for match in _MARK.finditer(record["text"]):
            text += record["text"][place : match.start()]
            marks.append(PersonalData(match[1], len(text), len(text) + len(match[2])))
            text += match[2]
            place = match.end()
        text += record["text"][place:]
        personal = tuple(mark for mark in marks if mark.kind != _HARMLESS)
        harmless = tuple(mark for mark in marks if mark.kind == _HARMLESS)
        return cls(record["id"], language, half, text, personal, harmless)


@dataclass(slots=True)
class Cell:
    """Counts of one kind: ``masked`` of ``written`` places, ``right`` of ``found`` ones, ``hurt`` of ``harmless``.

    A place counts as masked if every letter and digit of it is; what was found is right unless more than a third of
    its letters and digits are nobody's.
    """

    written: int = 0
    masked: int = 0
    found: int = 0
    right: int = 0
    harmless: int = 0
    hurt: int = 0

    @property
    def recall(self) -> float:
        """Share of the personal data that is masked whole."""
        return self.masked / self.written if self.written else 1.0

    @property
    def precision(self) -> float:
        """Share of what is masked that is personal data."""
        return self.right / self.found if self.found else 1.0


def load(folder: Path = FOLDER) -> list[Marked]:
    """Read the written messages of both languages."""
    paths = sorted(folder.glob("personal-data-*.jsonl"))
    return [Marked.read(json.loads(line)) for path in paths for line in path.read_text("utf-8").splitlines()]


def measure(messages: Iterable[Marked], find: Finder = find_personal_data) -> dict[str, Cell]:
    """Count by kind, and in all under ``names``, ``identifiers`` and ``harmless``."""
    counts: dict[str, Cell] = {"identifiers": Cell(), "names": Cell(), "harmless": Cell()}
    for message in messages:
        found = tuple(find(message.text))
        hidden, personal = _characters(message.text, found), _characters(message.text, message.personal)
        for data in message.personal:
            whole = _characters(message.text, [data]) <= hidden
            for cell in cells(counts, data.kind):
                cell.written += 1
                cell.masked += whole
        for data in found:
            inside = _characters(message.text, [data])
            right = len(inside - personal) <= _MOST_OUTSIDE * len(inside)
            for cell in cells(counts, data.kind):
                cell.found += 1
                cell.right += right
        for data in message.harmless:
            counts["harmless"].harmless += 1
            counts["harmless"].hurt += not hidden.isdisjoint(_characters(message.text, [data]))
    return counts


def tables() -> Iterator[tuple[str, list[tuple[str, Cell]]]]:
    """Yield a title and the cell of each kind, for each language and half of the written set."""
    messages = load()
    for language, half in sorted({(message.language, message.half) for message in messages}):
        counts = measure(message for message in messages if (message.language, message.half) == (language, half))
        harmless = counts.pop("harmless")
        yield (
            f"Personal data, {language}, {half}: {harmless.hurt} of {harmless.harmless} look-alikes masked",
            [*counts.items()],
        )


def slowest(find: Finder = find_personal_data, length: int = MAX_CHARACTERS) -> list[tuple[str, float, float]]:
    """Return what of each kind of made-up number takes longest to read, the worst first.

    A row is the name of a text of ``length`` characters, its processor seconds, and those of its first half; the less
    of two rounds each.
    """
    find("Ana, tel. 612 345 678, CPF 111.222.333-96")  # what is read once is read now
    worst: dict[str, tuple[float, str, str]] = {}
    for name, text in hostile.texts(length):
        kind = name.partition(",")[0]
        worst[kind] = max(worst.get(kind, (0.0, "", "")), (_seconds(find, text, 1), name, text))
    rows = [
        (name, min(first, _seconds(find, text, 1)), _seconds(find, text[: length // 2], 2))
        for first, name, text in worst.values()
    ]
    return sorted(rows, key=lambda row: -row[1])


def _seconds(find: Finder, text: str, rounds: int) -> float:
    """Return the processor seconds of the quickest of some rounds."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        find(text)
        found.append(time.process_time() - began)
    return min(found)


def cells(counts: dict[str, Cell], kind: str) -> tuple[Cell, Cell]:
    """Return the cell of a kind and the one that sums up its like."""
    return counts.setdefault(kind, Cell()), counts["names" if kind == "name" else "identifiers"]


def _characters(text: str, places: Sequence[PersonalData]) -> set[int]:
    """Return the places of the letters and digits that are covered."""
    return {at for data in places for at in range(data.start, data.end) if text[at].isalnum()}
