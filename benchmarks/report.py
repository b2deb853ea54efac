"""One report of a run: each section gives tables; terminal, Markdown and JSON come from them alone.

A figure of speed or memory with a range is the median over ``ROUNDS`` runs or more, with the lowest and the highest.
Contestants take turns, so that what else the machine does meets all of them, and a ratio is the median of the ratios
within each turn. A section that is one long run says so in its notes: ``ONE_RUN``. Intervals of scores are over the
messages, as their notes say.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import rich.table

from benchmarks.texts import ROOT
from classifier.artifact import FILES, Artifact, find_model

ROUNDS: Final = 5
ONE_RUN: Final = "one run"
RESULTS: Final = ROOT / "benchmarks" / "results"

_PACKAGES: Final = (
    "recupera", "numpy", "openvino", "pyarrow", "spacy", "tokenizers", "torch", "transformers", "fastapi", "uvicorn",
    "sqlalchemy", "dbos", "ray", "sentence-transformers", "setfit", "scikit-learn",
)  # fmt: skip
_PACKAGES_OF_PEERS: Final = ("litserve", "infinity-emb", "torch", "transformers", "tokenizers", "fastapi", "uvicorn")
_FEATURES: Final = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimddp", "bf16", "i8mm")


@dataclass(frozen=True, slots=True)
class Figure:
    """A median, or another value, within its lowest and highest."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Return the median of several runs with their range."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{shown(self.value)} ({shown(self.low)} to {shown(self.high)})"


Cell = Figure | str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a section: a row a contestant or figure, as many cells as columns.

    ``faults`` say what went wrong: a run with any ends with status 1.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    faults: Sequence[str] = ()

    @property
    def said(self) -> list[str]:
        """Return what stands below it."""
        return [*(f"FAULT: {fault}" for fault in self.faults), *self.notes]

    def terminal(self) -> rich.table.Table:
        """Return it for a terminal."""
        table = rich.table.Table(*self.columns, title=self.title, caption="\n".join(self.said) or None)
        for row in self.rows:
            table.add_row(*map(shown, row))
        return table

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [f"**{self.title}**", "", _row(self.columns), _row(["---"] * len(self.columns))]
        lines += [_row([shown(cell) for cell in row]) for row in self.rows]
        lines += ["", *(f"- {note}" for note in self.said)] if self.said else []
        return "\n".join(lines)

    def content(self) -> dict[str, Any]:
        """Return it for JSON: each row an object by the names of the columns."""
        rows = [
            {
                name: asdict(cell) if isinstance(cell, Figure) else cell
                for name, cell in zip(self.columns, row, strict=True)
            }
            for row in self.rows
        ]
        return {"title": self.title, "rows": rows, "notes": list(self.notes), "faults": list(self.faults)}


@dataclass(slots=True)
class Report:
    """What a run found, section by section, and on what machine, with what, at which commit."""

    surroundings: Mapping[str, Any]
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, list[Table]] = field(default_factory=dict)

    def run(self, section: str, measure: Callable[[], Iterable[Table]], told: Callable[[Table], None]) -> None:
        """Measure a section; its tables are told as they come."""
        started = time.monotonic()
        self.tables[section] = []
        for table in measure():
            self.tables[section].append(table)
            told(table)
        self.sections[section] = {"minutes": round((time.monotonic() - started) / 60, 2), **_peaks()}

    def faults(self) -> list[str]:
        """Return what went wrong, each with its section."""
        return [f"{name}: {fault}" for name, tables in self.tables.items() for each in tables for fault in each.faults]

    def markdown(self) -> str:
        """Return the whole report as Markdown."""
        lines = [f"# Benchmarks at {self.surroundings['commit']}", ""]
        for name, value in self.surroundings.items():
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            lines.append(f"- {name}: {text}")
        for section, tables in self.tables.items():
            spent = self.sections.get(section, {})
            lines += ["", f"## {section}", "", ", ".join(f"{name}: {shown(value)}" for name, value in spent.items())]
            for table in tables:
                lines += ["", table.markdown()]
        return "\n".join(lines) + "\n"

    def content(self) -> dict[str, Any]:
        """Return the whole report for JSON."""
        sections = {
            name: {**self.sections.get(name, {}), "tables": [table.content() for table in tables]}
            for name, tables in self.tables.items()
        }
        return {**self.surroundings, "sections": sections}

    def write(self, folder: Path) -> list[Path]:
        """Write both, named by day and commit; return where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.surroundings['when'][:10]}-{self.surroundings['commit'].replace(' ', '-')}"
        paths = [folder / f"{name}.md", folder / f"{name}.json"]
        paths[0].write_text(self.markdown(), encoding="utf-8")
        paths[1].write_text(json.dumps(self.content(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return paths


def in_turns(contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Let each contestant give its figure, one after the other, ``rounds`` times."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            found[name].append(run())
    return found


def ratios(values: Sequence[float], reference: Sequence[float]) -> Figure:
    """Return how many times the reference, turn by turn."""
    return Figure.of([value / other for value, other in zip(values, reference, strict=True)])


def shown(cell: Cell) -> str:
    """Write a cell: three digits that count, and no more than the measurement can bear."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        size = abs(cell)
        digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
        return f"{cell:,.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def surroundings(peers: Path | None = None) -> dict[str, Any]:
    """Return machine, versions, model and commit; of the peers' packages what their Python, ``peers``, says."""
    artifact = Artifact.load(find_model())
    size = sum(path.stat().st_size for path in artifact.path.rglob("*") if path.is_file() and path.name != FILES.card)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "features": " ".join(_features()),
            "memory": f"{memory / 2**30:.0f} GiB",
            "system": platform.platform(),
            "load at the start": load,
        },
        "versions": {"python": platform.python_version(), **_versions()},
        **({"versions of the peers": _versions_of(peers)} if peers else {}),
        "model": {"name": artifact.info.name, "version": artifact.info.version, "megabytes": round(size / 1e6)},
    }


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _peaks() -> dict[str, float]:
    """Return the most memory that this process, and the largest of those it started, have held so far, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    own, others = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"peak memory so far, MB": round(own, 1), "of the largest process started, MB": round(others, 1)}


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _versions_of(python: Path) -> dict[str, str]:
    """Ask another Python for its version and those of the peers that it has."""
    program = (
        "import json, platform, sys; from importlib.metadata import distributions\n"
        "there = {each.name.lower().replace('_', '-'): each.version for each in distributions()}\n"
        "found = {name: there[name] for name in sys.argv[1:] if name in there}\n"
        "print(json.dumps({'python': platform.python_version(), **found}))"
    )
    told = subprocess.run([python, "-c", program, *_PACKAGES_OF_PEERS], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def _commit() -> str:
    """Return the commit, and whether there are changes that aren't in it."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head} changed" if changed else head


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _features() -> list[str]:
    there = set((_cpuinfo("flags") or _cpuinfo("features")).split())
    return [name for name in _FEATURES if name in there]


def _cpuinfo(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(key)), "")
