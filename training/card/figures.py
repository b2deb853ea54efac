"""The figures of a model's ``metrics.json`` as the tables of its card; what was not measured is absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from training.card.peers import BEST, LEAD, merged
from training.card.wording import count, number, percent, said

GAP_FIGURES = ("complaint", "severity", "tone")


@dataclass(frozen=True, slots=True)
class Figures:
    """What templates ask for, in one language; tables are Markdown."""

    metrics: Mapping[str, Any]
    language: str

    def part(self, name: str) -> Any:
        """Return a part of the metrics, or nothing."""
        return self.metrics.get(name) or {}

    def number(self, value: float, digits: int = 3) -> str:
        """Write a number."""
        return number(value, self.language, digits=digits)

    def count(self, value: float) -> str:
        """Write a whole number."""
        return count(value, self.language)

    def said(self, word: str) -> str:
        """Return a name in the card's language."""
        return said(word, self.language)

    def scores(self, part: str) -> str:
        """Return the table of scores by group, each with its interval where there is one."""
        found = self.part(part)
        groups = [name for name in ("all", "es", "pt") if name in found]
        intervals = found.get("intervals", {})
        rows = [(self.said("messages"), *(self.count(found[g]["messages"]) for g in groups))]
        for figure in (name for name in found["all"] if name != "messages"):
            cells = (self._bounded(found[g].get(figure), intervals.get(g, {}).get(figure)) for g in groups)
            rows.append((self.said(figure), *cells))
        return self._table(("figure", *groups), rows)

    def differences(self) -> str:
        """Return the table of the release beside the model before."""
        held_out, rows = self.part("held_out"), []
        for figure, (value, low, high) in held_out["differences"].items():
            now = held_out["all"][figure]
            change = self._signed((value, low, high))
            rows.append((self.said(figure), self.number(now - value), self.number(now), change))
        return self._table(("figure", "before", "now", "difference"), rows)

    def peers(self) -> list[tuple[Mapping[str, Any], str]]:
        """Return each set of messages and its table; runs over the same messages are joined."""
        tables: dict[str, Mapping[str, Any]] = {}
        for table in self.part("peers"):
            before = tables.get(table["messages"])
            tables[table["messages"]] = merged(before, table) if before else table
        return [(table, self._peers(table["rows"])) for table in tables.values()]

    def coverage(self) -> str:
        """Return the table of what can be decided without a person."""
        found = self.part("coverage")
        tasks = list(dict.fromkeys(task for item in found.values() for task in item["tasks"]))
        rows = [
            (name, self.count(item["messages"]), *(percent(item["tasks"][t], self.language, digits=0) for t in tasks))
            for name, item in found.items()
        ]
        return self._table(("", "messages", *tasks), rows)

    def stability(self) -> str:
        """Return the table of pairs whose labels differ, over both languages."""
        share = partial(percent, language=self.language)
        rows = [
            (
                self.said(item["perturbation"]),
                self.count(item["pairs"]),
                share(item["changed"]["any"]),
                f"{share(item['interval'][0])} – {share(item['interval'][1])}",
                *(share(item["changed"][name]) for name in ("four", "complaint")),
                share(item["limit"], digits=0),
            )
            for item in self.part("robustness")["stability"]
            if item["language"] == "all"
        ]
        return self._table(("change", "pairs", "any", "95 %", "four", "complaint", "limit"), rows)

    def probes(self) -> str:
        """Return the table of messages whose answers are known."""
        rows = [
            (self.said(item["probe"]), self.count(item["probes"]), percent(item["accuracy"], self.language))
            for item in self.part("robustness")["probes"]
            if item["language"] == "all"
        ]
        return self._table(("probe", "pairs", "messages right"), rows)

    def gaps(self) -> str:
        """Return the table of gaps between groups of people; in bold where the interval leaves out zero."""
        rows: dict[tuple[str, str], dict[str, str]] = {}
        for item in self.part("robustness")["gaps"]:
            row = rows.setdefault((item["contrast"], item["language"]), {"messages": self.count(item["messages"])})
            text = self._signed((item["mean"], *item["interval"]))
            row[item["figure"]] = f"**{text}**" if item["clear"] else text
        lines = [
            (f"{self.said(contrast)} ({language})", row["messages"], *(row.get(name, "–") for name in GAP_FIGURES))
            for (contrast, language), row in rows.items()
        ]
        return self._table(("gap", "messages", *GAP_FIGURES), lines)

    def faithfulness(self) -> str:
        """Return the table of how often the evidence does more than a random other sentence."""
        rows = []
        for item in self.part("faithfulness")["figures"]:
            if item["language"] == "all":
                shares = (
                    f"{percent(item[name], self.language)} "
                    f"({' – '.join(percent(bound, self.language) for bound in item[f'{name}_interval'])})"
                    for name in ("deletion", "alone", "context")
                )
                rows.append((self.said(item["task"]), self.count(item["texts"]), *shares))
        return self._table(("task", "texts", "deletion", "alone", "context"), rows)

    def _peers(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Lay out one table of peers; a lead whose interval is above zero is in bold."""
        names = [name for name in rows[0] if name not in ("figure", LEAD, BEST)]
        lines = []
        for row in rows:
            cells = [self._bounded(c["value"], (c["low"], c["high"])) for c in (row[name] for name in names)]
            lead = row.get(LEAD)
            if lead is not None:
                text = f"{self._signed((lead['value'], lead['low'], lead['high']))} {self.said(row[BEST])}"
                cells.append(f"**{text}**" if lead["low"] > 0 else text)
            lines.append((self.said(row["figure"]), *cells))
        ahead = (LEAD,) if any(LEAD in row for row in rows) else ()
        return self._table(("figure", *names, *ahead), lines)

    def _bounded(self, value: float | None, bounds: Sequence[float] | None) -> str:
        """Write a figure for example as ``0.912 (0.894 – 0.928)``."""
        if value is None:
            return "–"
        return self.number(value) + (f" ({' – '.join(map(self.number, bounds))})" if bounds else "")

    def _signed(self, values: Sequence[float]) -> str:
        """Write a difference with the bounds of its interval."""
        value, *bounds = (number(v, self.language, sign=True) for v in values)
        return f"{value} ({(' to ' if self.language == 'en' else ' a ').join(bounds)})"

    def _table(self, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
        """Lay out a table of Markdown; the names of the columns are translated."""
        heading = [self.said(name) for name in columns]
        lines = [heading, ["---"] * len(heading), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
