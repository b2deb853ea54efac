"""A chart of decisions (Mermaid's flowchart) as a numbered list: it needs no script, and is read aloud in its order."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["as_list"]

_NODE: Final = re.compile(r"(\w+)(?:\[(.*?)\]|\{(.*?)\})?$")
_ARROW: Final = re.compile(r"\s*(?:-- (.+?) )?-->\s*")


def as_list(chart: str) -> str:
    """Return the questions and steps in order; what follows an answer stands with its question."""
    texts, answers, reached = _read(chart)
    questions = {source for source, answer, _ in answers if answer}
    beside = {target for _, answer, target in answers if answer and target not in questions}
    lines = []
    for node in reached:
        if node not in beside:
            said = [f"**{answer}** → {texts[to]}" for at, answer, to in answers if at == node and to in beside]
            lines.append(f"{len(lines) + 1}. {'<br>'.join([texts[node], *said])}\n")
    return "".join(lines)


def _read(chart: str) -> tuple[dict[str, str], list[tuple[str, str, str]], list[str]]:
    """Return the text of each node, the edges with their answers, and the nodes in the order in which they appear."""
    texts: dict[str, str] = {}
    edges: list[tuple[str, str, str]] = []
    for line in filter(None, map(str.strip, chart.splitlines()[1:])):
        left, answer, right = _ARROW.split(line)
        ends = [[_node(part.strip(), texts) for part in side.split(" & ")] for side in (left, right)]
        edges += [(source, answer or "", target) for source in ends[0] for target in ends[1]]
    return texts, edges, list(texts)


def _node(written: str, texts: dict[str, str]) -> str:
    match = _NODE.match(written)
    if match is None:
        raise ValueError(f"no node of a chart: {written}")
    name = match[1]
    if match[2] or match[3]:
        texts[name] = match[2].replace("<br>", "; ") if match[2] else match[3].replace("<br>", " ")
    return name
