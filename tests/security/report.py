"""What came of trying the targets: a JSON file to go on from, and a page for people."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from textwrap import indent
from typing import Any, Final, Self

__all__ = ["Report", "Row"]

_TOOLS: Final = ("hypothesis", "schemathesis")


@dataclass
class Row:
    """What came of a target. ``seconds`` are of processor time; ``answers`` counts requests by the status's class."""

    name: str
    seconds: float = 0.0
    inputs: int = 0
    requests: int = 0
    slowest: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    succeeded: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def count(self, answers: Mapping[tuple[str, int], int]) -> None:
        """Add how requests were answered, and which operations ever succeeded."""
        found = Counter(self.answers)
        for (_, status), times in answers.items():
            found[f"{status // 100}xx"] += times
        self.answers = dict(sorted(found.items()))
        self.requests += sum(answers.values())
        well = {name for name, status in answers if status < 300 and name not in ("paths", "queries")}
        self.succeeded = sorted(well.union(self.succeeded))

    def told(self) -> str:
        """Return a line about it."""
        faults = "no fault" if not self.faults else f"{len(self.faults)} faults"
        asked = f", {self.requests:,} requests" if self.requests else ""
        return f"{self.name}: {self.seconds:,.0f} s, {self.inputs:,} inputs{asked}, {faults}"


@dataclass
class Report:
    """What came of the targets, in the order in which they were tried; ``by`` says with which versions."""

    rows: list[Row] = field(default_factory=list)
    by: dict[str, str] = field(default_factory=lambda: _versions())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what ``write`` wrote."""
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls([Row(**row) for row in found["targets"]], found["by"])

    def row(self, name: str) -> Row:
        """Return the row of a target, a new one if it has none."""
        for row in self.rows:
            if row.name == name:
                return row
        self.rows.append(Row(name))
        return self.rows[-1]

    def write(self, path: Path) -> None:
        """Write the file, and the page beside it."""
        content = {"by": self.by, "targets": [asdict(row) for row in self.rows]}
        written = path.with_suffix(".part")  # whoever stops the run must not find half a report
        written.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
        written.replace(path)
        path.with_suffix(".md").write_text(self.page(), encoding="utf-8", errors="backslashreplace")

    def page(self) -> str:
        """Return the table of the targets, what they sum up to, and the faults."""
        lines = [
            "| Target | Processor minutes | Inputs | Requests | Longest, processor s | Faults |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for row in self.rows:
            asked = f"{row.requests:,}" if row.requests else ""
            slowest = f"{row.slowest:.3f}" if row.slowest else ""
            lines.append(
                f"| {row.name} | {row.seconds / 60:.2f} | {row.inputs:,} | {asked} | {slowest} | {len(row.faults)} |"
            )
        inputs, requests = sum(row.inputs for row in self.rows), sum(row.requests for row in self.rows)
        minutes, faults = sum(row.seconds for row in self.rows) / 60, sum(len(row.faults) for row in self.rows)
        lines.append(f"| all | {minutes:.1f} | {inputs:,} | {requests:,} | | {faults} |")
        told = [(row.name, indent(fault, "    ")) for row in self.rows for fault in row.faults]
        return "\n".join([*lines, *(f"\n{name}:\n\n{fault}" for name, fault in told)]) + "\n"


def _versions() -> dict[str, str]:
    """Return the versions of what made the inputs."""
    return {"python": platform.python_version(), **{name: version(name) for name in _TOOLS}}
