"""One classification as a card for people, in Spanish, Portuguese or English.

The message is shown as plain text: nothing in it is taken for markup, and control characters are dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from classifier.calibration import Decision, confidence
from classifier.taxonomy import SEVERITY, TASKS, Task, Translated
from classifier.types import Classification, Evidence, FlagDecision, MultiDecision, OrdinalDecision

_TITLE = {
    True: Translated("Queja", "Reclamação", "Complaint"),
    False: Translated("No es una queja", "Não é uma reclamação", "Not a complaint"),
    None: Translated("Sin clasificar", "Não classificada", "Not classified"),
}
_REVIEW = Translated("Conviene que lo mire una persona", "Convém que uma pessoa veja", "A person should look")
_FACTS = Translated("Datos", "Dados", "Facts")
_YES = {True: Translated("sí", "sim", "yes"), False: Translated("no", "não", "no")}
_REASONS = {
    "language": Translated(
        "no parece español ni portugués", "não parece espanhol nem português", "seems neither Spanish nor Portuguese"
    ),
    "no_text": Translated("no hay palabras", "não há palavras", "no words in it"),
    "low confidence": Translated("poca certeza", "pouca certeza", "low confidence"),
}
_FACT_KINDS = {
    "amount": Translated("importe", "valor", "amount"),
    "reference": Translated("referencia", "referência", "reference"),
    "date": Translated("fecha", "data", "date"),
    "deadline": Translated("plazo", "prazo", "deadline"),
    "contacts": Translated("contactos previos", "contatos anteriores", "earlier contacts"),
    "agency": Translated("organismo", "órgão", "agency"),
    "request": Translated("pide", "pede", "asks for"),
}
_COLOURS = {"low": "green", "moderate": "yellow", "high": "dark_orange", "critical": "red"}


def card(result: Classification, text: str, language: str) -> RenderableType:
    """Return the card; ``text`` is the message as it was classified, ``language`` is ``es``, ``pt`` or ``en``."""
    colour = _COLOURS[result.severity.label] if result.severity else "blue"
    parts: list[RenderableType] = [_message(text, result.evidence, colour), Text(), _answers(result, language)]
    if result.facts:
        parts += [Text(), _facts(result, language)]
    if result.review.needed:
        parts += [Text(), _review(result, language)]
    title = Text(f" {_TITLE[result.complaint.label][language]} ", style=f"bold {colour}")
    footer = Text(f" {result.language or '–'} · {result.model.name} {result.model.version} ", style="dim")
    return Panel(Group(*parts), title=title, subtitle=footer, border_style=colour, box=ROUNDED, padding=(1, 2))


def _message(text: str, evidence: tuple[Evidence, ...], colour: str) -> Text:
    """Return the message with the evidence for its severity underlined and the rest of the evidence in bold."""
    shown = Text(_printable(text))
    for span in evidence:
        shown.stylize(f"underline {colour}" if span.task == SEVERITY.id else "bold", span.start, span.end)
    return shown


def _answers(result: Classification, language: str) -> Table:
    """Return a row for each task that was decided."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for task in TASKS:
        decision = getattr(result, task.id)
        if decision is None or decision == FlagDecision(None, None) or _is_ordinary(task, decision):
            continue
        table.add_row(task.name[language], *_answer(task, decision, language))
    return table


def _is_ordinary(task: Task, decision: Decision) -> bool:
    """Say whether an answer is not worth a line: ordinary conduct."""
    return task.id == "conduct" and not isinstance(decision, (FlagDecision, MultiDecision)) and decision.label == "none"


def _answer(task: Task, decision: Decision, language: str) -> tuple[Text, Text]:
    """Return the label(s) in words, and how sure that is, drawn and in figures."""
    sure = confidence(decision)
    figures = Text(f"{_bar(sure)} {sure:4.0%}", style="cyan")
    if isinstance(decision, FlagDecision):
        return Text(_YES[bool(decision.label)][language]), figures
    labels = decision.labels if isinstance(decision, MultiDecision) else (decision.label,)
    names = Text(", ".join(task.label(label).name[language] for label in labels), style="bold")
    if isinstance(decision, OrdinalDecision):
        if task is SEVERITY:
            names.stylize(_COLOURS[decision.label])
        return names, Text(f"{_levels(decision.probabilities)} {decision.score:.1f} / 3", style="cyan")
    return names, figures


def _bar(share: float) -> str:
    """Draw a share of one."""
    filled = round(share * 10)
    return "█" * filled + "░" * (10 - filled)


def _levels(probabilities: Mapping[str, float]) -> str:
    """Draw the probability of each level, lowest first."""
    return " ".join(" ▁▂▃▄▅▆▇█"[round(p * 8)] * 2 for p in probabilities.values()).ljust(11)


def _facts(result: Classification, language: str) -> Table:
    """Return a row for each fact."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for fact in result.facts:
        value = " ".join(str(part) for part in fact.value.values() if part != "")
        kind = _FACT_KINDS[fact.kind][language] if fact.kind in _FACT_KINDS else fact.kind
        table.add_row(kind, Text(_printable(fact.text)).append(f"  {_printable(value)}", style="dim"))
    return table


def _review(result: Classification, language: str) -> Text:
    """Return why a person should look."""
    return Text(f"⚑ {_REVIEW[language]}: {', '.join(_reasons(result, language))}", style="yellow")


def _reasons(result: Classification, language: str) -> Iterator[str]:
    """Put the reasons for a review in words."""
    names = {task.id: task.name[language] for task in TASKS}
    for reason in result.review.reasons:
        task_id, _, what = reason.rpartition(": ")
        phrase = _REASONS[what][language] if what in _REASONS else what
        yield f"{names.get(task_id, task_id)} ({phrase})" if task_id else phrase


def _printable(text: str) -> str:
    """Replace control and other unprintable characters, one for one, so that spans stay in place."""
    keep = "\n\u200d\ufe0f"
    return "".join(c if c in keep or unicodedata.category(c)[0] != "C" else " " for c in text)
