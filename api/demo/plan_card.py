"""A case and its plan as a card for people, in the language of the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.box import ROUNDED
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api.recovery.wording import wording
from classifier.taxonomy import Translated

__all__ = ["plan_card"]

_CASE: Final = Translated("Caso", "Caso", "Case")
_AGAIN: Final = Translated("el mismo caso, segunda falla", "o mesmo caso, segunda falha", "the same case, failed twice")
_ROWS: Final = {
    "priority": Translated("Prioridad", "Prioridade", "Priority"),
    "owner": Translated("Lo lleva", "Quem cuida", "Owner"),
    "first_answer": Translated("Primera respuesta", "Primeira resposta", "First answer"),
    "resolution": Translated("Solución", "Solução", "Resolution"),
    "follow_up": Translated("Volver a preguntar", "Voltar a perguntar", "Ask again"),
    "compensation": Translated("Compensación", "Compensação", "Compensation"),
    "guarantee": Translated("Garantía", "Garantia", "Guarantee"),
    "legal": Translated("Plazo legal", "Prazo legal", "Legal term"),
    "flags": Translated("Aviso", "Aviso", "Flag"),
    "guidance": Translated("Al responder", "Ao responder", "When answering"),
    "because": Translated("Por qué", "Por quê", "Because"),
}
_BEFORE: Final = Translated("antes del {day} a las {time}", "até {day} às {time}", "by {day} at {time}")
_APPROVES: Final = Translated("aprueba: {who}", "aprova: {who}", "approved by: {who}")
_MORE: Final = Translated("… y {count} más", "… e mais {count}", "… and {count} more")
_STEPS_A_STAGE: Final = 2
_WEIGHTY: Final = (
    "double-deviation",
    "severity-critical",
    "interactional",
    "procedural",
    "severity-high",
    "outcome",
)
_COLOURS: Final = {"low": "green", "normal": "yellow", "high": "dark_orange", "urgent": "red"}


def plan_card(case_id: str, plan: Mapping[str, Any], *, again: bool) -> Panel:
    """Return the card of a plan as ``POST /v1/messages`` answers it; ``again`` if the case was open before."""
    language = plan["language"]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, text in [*_terms(plan, language), *_steps(plan, language), *_words(plan, language)]:
        table.add_row(name, Text(text))
    colour = _COLOURS.get(plan["priority"], "blue")
    title = f" {_CASE[language]} …{case_id[-6:]}" + (f": {_AGAIN[language]} " if again else " ")
    return Panel(table, title=Text(title, style=f"bold {colour}"), border_style=colour, box=ROUNDED, padding=(1, 2))


def _terms(plan: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return who does what until when, and what it may cost."""
    words, zone = wording(language), ZoneInfo(plan["deadlines"][0]["timezone"])
    rows = [
        ("priority", words["priorities"].get(plan["priority"], plan["priority"])),
        ("owner", words["owners"].get(plan["queue"], plan["queue"])),
        *((deadline["kind"], _moment(deadline["due"], zone, language)) for deadline in plan["deadlines"]),
        ("compensation", _compensation(plan["compensation"], language)),
        *(("guarantee", guarantee["promise"]) for guarantee in plan["guarantees"]),
        *(("legal", f"{_moment(term['due'], zone, language)} · {term['source']}") for term in plan["legal"]),
    ]
    return [(_ROWS[kind][language], text) for kind, text in rows]


def _steps(plan: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return the first steps of each stage."""
    rows = [("", "")]
    for stage, name in wording(language)["stages"].items():
        titles = [step["title"] for step in plan["steps"] if step["stage"] == stage]
        shown = titles[:_STEPS_A_STAGE]
        if len(titles) > len(shown):
            shown[-1] += f" {_MORE[language].format(count=len(titles) - len(shown))}"
        rows += [(name if number == 0 else "", title) for number, title in enumerate(shown)]
    return rows


def _words(plan: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return what to know and how to speak, and the most particular of the reasons."""
    rows = [("flags", flag["text"]) for flag in plan["flags"]]
    rows += [("guidance", note["text"]) for note in plan["guidance"][:2]]
    rows += _because(plan["reasons"])
    kinds = ["", *(kind for kind, _ in rows)]
    names = ["" if kind == before else _ROWS[kind][language] for before, kind in pairwise(kinds)]
    return [("", ""), *zip(names, (text for _, text in rows), strict=True)]


def _because(reasons: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the weightiest of the reasons, with its source."""
    ranks = {rule: rank for rank, rule in enumerate(_WEIGHTY)}
    first = sorted(reasons, key=lambda reason: ranks.get(reason["rule"], len(ranks)))[:1]
    return [("because", f"{reason['why']} ({reason['source']})") for reason in first]


def _moment(written: str, zone: ZoneInfo, language: str) -> str:
    """Return a moment on the customer's clock."""
    moment = datetime.fromisoformat(written).astimezone(zone)
    day = f"{moment:%Y-%m-%d}" if language == "en" else f"{moment:%d/%m}"
    return _BEFORE[language].format(day=day, time=f"{moment:%H:%M}")


def _compensation(compensation: Mapping[str, Any], language: str) -> str:
    """Return the band, its amounts where they are known, and who approves it."""
    words = wording(language)
    parts = [words["bands"].get(compensation["band"], compensation["band"])]
    if (least := compensation["least"]) and (most := compensation["most"]):
        parts.append(f"{least['amount']}–{most['amount']} {most['currency'] or ''}".rstrip())
    if compensation["band"] != "none":
        who = words["owners"].get(compensation["approver"], compensation["approver"])
        parts.append(_APPROVES[language].format(who=who))
    return " · ".join(parts)
