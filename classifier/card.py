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
from classifier.taxonomy import SEVERITY, TASK_BY_ID, TASKS, Task, Translated
from classifier.types import Classification, Evidence, Fact, FlagDecision, MultiDecision, OrdinalDecision

_TITLE = {
    True: Translated("Queja", "Reclamação", "Complaint"),
    False: Translated("No es una queja", "Não é uma reclamação", "Not a complaint"),
    None: Translated("Sin clasificar", "Não classificada", "Not classified"),
}
_REVIEW = Translated("Conviene que lo mire una persona", "Convém que uma pessoa veja", "A person should look")
_YES = {True: Translated("sí", "sim", "yes"), False: Translated("no", "não", "no")}
_REASONS = {
    "language": Translated(
        "no parece español ni portugués", "não parece espanhol nem português", "seems neither Spanish nor Portuguese"
    ),
    "no_text": Translated("no hay palabras", "não há palavras", "no words in it"),
    "low confidence": Translated("poca certeza", "pouca certeza", "low confidence"),
}
FACT_KINDS = {
    "amount": Translated("importe", "valor", "amount"),
    "reference": Translated("referencia", "referência", "reference"),
    "date": Translated("fecha", "data", "date"),
    "deadline": Translated("plazo", "prazo", "deadline"),
    "contacts": Translated("contactos previos", "contatos anteriores", "earlier contacts"),
    "agency": Translated("organismo", "órgão", "agency"),
    "request": Translated("pide", "pede", "asks for"),
}
_GROUNDS = Translated("En qué se apoya", "Em que se apoia", "What it rests on")
_MARKS = "¹²³⁴⁵⁶⁷⁸⁹"
_COLOURS = {"low": "green", "moderate": "yellow", "high": "dark_orange", "critical": "red"}


def card(result: Classification, text: str, language: str) -> RenderableType:
    """Return the card; ``text`` is the message as it was classified, ``language`` is ``es``, ``pt`` or ``en``."""
    colour = _COLOURS[result.severity.label] if result.severity else "blue"
    parts: list[RenderableType] = [_message(text, _spans(result), colour)]
    if result.touchpoint:
        parts += [Text(), _answers(result, language)]
    if result.evidence:
        parts += [Text(), _grounds(result, language)]
    if result.facts:
        parts += [Text(), _facts(result, language)]
    if result.review.needed:
        parts += [Text(), _review(result, language)]
    title = Text(f" {_TITLE[result.complaint.label][language]} ", style=f"bold {colour}")
    footer = Text(f" {result.language or '–'} · {result.model.name} {result.model.version} ", style="dim")
    return Panel(Group(*parts), title=title, subtitle=footer, border_style=colour, box=ROUNDED, padding=(1, 2))


Span = tuple[int, int]


def _spans(result: Classification) -> dict[Span, list[Evidence]]:
    """Return what each piece of evidence speaks for, in the order of the text."""
    spans: dict[Span, list[Evidence]] = {}
    for item in sorted(result.evidence, key=lambda item: (item.start, item.end)):
        spans.setdefault((item.start, item.end), []).append(item)
    return spans


def _message(text: str, spans: Mapping[Span, list[Evidence]], colour: str) -> Text:
    """Return the message with its evidence numbered; that for the severity is underlined, the rest in bold."""
    shown = Text(_printable(text))
    for (start, end), items in spans.items():
        grave = any(item.task == SEVERITY.id for item in items)
        shown.stylize(f"underline {colour}" if grave else "bold", start, end)
    for number, (_, end) in sorted(enumerate(spans), key=lambda numbered: -numbered[1][1]):
        shown = Text.assemble(shown[:end], (_mark(number), f"bold {colour}"), shown[end:])
    return shown


def _mark(number: int) -> str:
    """Return the footnote sign of a piece of evidence, counted from 0."""
    return _MARKS[number] if number < len(_MARKS) else f"({number + 1})"


def _grounds(result: Classification, language: str) -> Table:
    """Return a row for each numbered piece of evidence."""
    table = _table()
    for number, items in enumerate(_spans(result).values()):
        names = (
            TASK_BY_ID[i.task].name[language] + " " + TASK_BY_ID[i.task].label(i.label).name[language] for i in items
        )
        table.add_row(_GROUNDS[language] if number == 0 else "", Text(f"{_mark(number)} {' · '.join(names)}"))
    return table


def _table() -> Table:
    """Return an empty table of names and what there is to say about them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    return table


def _answers(result: Classification, language: str) -> Table:
    """Return a row for each task that was decided, and for the severity one more a level."""
    table = _table()
    table.add_column(no_wrap=True)
    for task in TASKS:
        decision = getattr(result, task.id)
        if decision is None or decision == FlagDecision(None, None) or _is_ordinary(task, decision):
            continue
        table.add_row(task.name[language], *_answer(task, decision, language))
        if task is SEVERITY:
            for label, probability in decision.probabilities.items():
                style = _COLOURS[label] if label == decision.label else "dim"
                name = Text(f"  {task.label(label).name[language]}", style=style)
                table.add_row("", name, Text(_share(probability, language), style=style))
    return table


def _is_ordinary(task: Task, decision: Decision) -> bool:
    """Say whether an answer is not worth a line: ordinary conduct."""
    return task.id == "conduct" and not isinstance(decision, (FlagDecision, MultiDecision)) and decision.label == "none"


def _answer(task: Task, decision: Decision, language: str) -> tuple[Text, Text]:
    """Return the label(s) in words, and how sure that is, drawn and in figures."""
    figures = Text(_share(confidence(decision), language), style="cyan")
    if isinstance(decision, FlagDecision):
        return Text(_YES[bool(decision.label)][language]), figures
    labels = decision.labels if isinstance(decision, MultiDecision) else (decision.label,)
    names = Text(", ".join(task.label(label).name[language] for label in labels), style="bold")
    if task is SEVERITY and isinstance(decision, OrdinalDecision):
        names.stylize(_COLOURS[decision.label])
        score = f"{decision.score:.1f} / 3"
        return names, Text(score if language == "en" else score.replace(".", ","), style="cyan")
    return names, figures


def _share(share: float, language: str) -> str:
    """Draw a share of one, and write it as a percentage."""
    filled = round(share * 10)
    sign = "\u00a0%" if language == "es" else "%"
    return f"{'█' * filled}{'░' * (10 - filled)} {share * 100:3.0f}{sign}"


def _facts(result: Classification, language: str) -> Table:
    """Return a row for each fact."""
    table = _table()
    for fact in result.facts:
        kind = FACT_KINDS[fact.kind][language] if fact.kind in FACT_KINDS else fact.kind
        table.add_row(kind, Text(_printable(fact.text)).append(_normalised(fact), style="dim"))
    return table


def _normalised(fact: Fact) -> str:
    """Return the value of a fact where it says more than its words do."""
    keys = {"amount": ("amount", "currency"), "date": ("date",), "agency": ("name", "country")}.get(fact.kind, ())
    value = " ".join(str(fact.value[key]) for key in keys if fact.value.get(key))
    return f"  {_printable(value)}" if value and value != fact.text else ""


def _review(result: Classification, language: str) -> Text:
    """Return why a person should look."""
    return Text(f"⚑ {_REVIEW[language]}: {', '.join(review_reasons(result, language))}", style="yellow")


def review_reasons(result: Classification, language: str) -> Iterator[str]:
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
