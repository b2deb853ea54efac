"""The card as a private note for agents, in their language: labels, grounds, plan, deadlines.

Nothing of a message is rendered: each format escapes what it would read, and ``{{`` and ``{%``, which help desks
expand in a text, are taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

from api.recovery.wording import wording
from classifier.calibration import confidence
from classifier.card import review_reasons
from classifier.taxonomy import SEVERITY, TASK_BY_ID, TASKS, Translated
from classifier.types import Classification, FlagDecision, MultiDecision

__all__ = ["Note", "make_note"]

_TITLE: Final = {
    True: Translated("Queja", "Reclamação", "Complaint"),
    False: Translated("No es una queja", "Não é uma reclamação", "Not a complaint"),
    None: Translated("Sin clasificar", "Não classificada", "Not classified"),
}
_GROUNDS: Final = Translated("En qué se apoya", "Em que se apoia", "What it rests on")
_PLAN: Final = Translated("Qué hacer", "O que fazer", "What to do")
_MORE: Final = Translated("y {n} pasos más", "e mais {n} passos", "and {n} more steps")
_PRIORITY: Final = Translated("Prioridad", "Prioridade", "Priority")
_OWNER: Final = Translated("Lo lleva", "Responsável", "Owner")
_DUE: Final = {
    "first_answer": Translated("Primera respuesta antes de", "Primeira resposta até", "First answer by"),
    "resolution": Translated("Resolver antes de", "Resolver até", "Resolve by"),
}
_REVIEW: Final = Translated("Conviene que lo mire una persona", "Convém que uma pessoa veja", "A person should look")
_CORRECT: Final = Translated(
    "¿Algo está mal? Cambie la etiqueta: el modelo aprende de ello.",
    "Algo está errado? Mude a etiqueta: o modelo aprende com isso.",
    "Something wrong? Change the tag: the model learns from it.",
)
_SHOWN: Final = ("severity", "motive", "justice", "quality", "touchpoint", "tone", "guarantee")
_STEPS: Final = 7
_QUOTES: Final = 4
_QUOTE_LENGTH: Final = 240
_EXPANDED: Final = re.compile(r"\{(?=[{%])")
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>#|~&]|^[-+=]|^\d+(?=[.)]))")


@dataclass(frozen=True, slots=True)
class Note:
    """A note in parts, each a heading and its lines; ``mark`` tells it from any other."""

    title: str
    parts: Sequence[tuple[str, Sequence[str]]]
    mark: str

    @property
    def text(self) -> str:
        """The note as plain text."""
        blocks = [f"{heading}\n{_lines('- ', lines)}" if heading else "\n".join(lines) for heading, lines in self.parts]
        return _inert("\n\n".join([self.title, *blocks, self.mark]))

    @property
    def markdown(self) -> str:
        """The note as Markdown in which nothing but our own marks means anything."""
        blocks = [
            f"**{_escaped(heading)}**\n\n{_lines('- ', map(_escaped, lines))}"
            if heading
            else "  \n".join(map(_escaped, lines))
            for heading, lines in self.parts
        ]
        return "\n\n".join([f"**{_escaped(self.title)}**", *blocks, f"`{self.mark}`"])

    @property
    def html(self) -> str:
        """The note as HTML."""
        blocks = []
        for heading, lines in self.parts:
            safe = [escape(_inert(line)) for line in lines]
            items = "".join(f"<li>{line}</li>" for line in safe)
            listed = f"<p><b>{escape(heading)}</b></p><ul>{items}</ul>"
            blocks.append(listed if heading else f"<p>{'<br>'.join(safe)}</p>")
        return f"<p><b>{escape(_inert(self.title))}</b></p>{''.join(blocks)}<p><code>{escape(self.mark)}</code></p>"


def make_note(
    message_id: str, result: Classification, plan: Mapping[str, Any] | None, case_id: str | None, language: str
) -> Note:
    """Return the note about a message; ``language`` is the agents', ``plan`` that of its case."""
    parts: list[tuple[str, Sequence[str]]] = [("", _labels(result, language))]
    if plan is not None:
        parts.append(("", _deadlines(plan, language)))
    if result.evidence:
        parts.append((_GROUNDS[language], _grounds(result, language)))
    if plan is not None:
        parts.append((_PLAN[language], [*_steps(plan, language), *_flags(plan, language)]))
    if result.review.needed:
        parts.append(("", [f"{_REVIEW[language]}: {', '.join(review_reasons(result, language))}"]))
    parts.append(("", [_CORRECT[language]]))
    title = f"Recupera · {_TITLE[result.complaint.label][language]}"
    if result.severity:
        title += f" · {SEVERITY.name[language]}: {SEVERITY.label(result.severity.label).name[language]}"
    mark = f"recupera:{message_id}" + (f" case:{case_id}" if case_id else "")
    return Note(title, [part for part in parts if part[1]], mark)


def _labels(result: Classification, language: str) -> list[str]:
    """Return a line for each answer that says something."""
    lines = []
    for task in TASKS:
        decision = getattr(result, task.id)
        if task.id not in _SHOWN or decision is None:
            continue
        if isinstance(decision, FlagDecision):
            if decision.label:
                lines.append(task.name[language].capitalize())
            continue
        labels = decision.labels if isinstance(decision, MultiDecision) else (decision.label,)
        names = ", ".join(task.label(label).name[language] for label in labels)
        lines.append(f"{task.name[language].capitalize()}: {names} ({_share(confidence(decision), language)})")
    return lines


def _share(share: float, language: str) -> str:
    return f"{share * 100:.0f}\u00a0%" if language == "es" else f"{share * 100:.0f}%"


def _deadlines(plan: Mapping[str, Any], language: str) -> list[str]:
    """Return priority, owner, and until when what must have happened."""
    words = wording(language)
    lines = []
    if priority := plan.get("priority"):
        lines.append(f"{_PRIORITY[language]}: {words['priorities'].get(priority, priority)}")
    if queue := plan.get("queue"):
        lines.append(f"{_OWNER[language]}: {words['owners'].get(queue, queue)}")
    for deadline in plan.get("deadlines", ()):
        if deadline["kind"] in _DUE:
            local = datetime.fromisoformat(deadline["local"])
            moment = f"{local:%Y-%m-%d %H:%M}" if language == "en" else f"{local:%d/%m/%Y, %H:%M}"
            lines.append(f"{_DUE[deadline['kind']][language]}: {moment} ({deadline['timezone']})")
    return lines


def _grounds(result: Classification, language: str) -> list[str]:
    """Quote the message, and say what each quotation speaks for."""
    spoken: dict[tuple[int, int], list[str]] = {}
    quoted: dict[tuple[int, int], str] = {}
    for item in result.evidence:
        task = TASK_BY_ID[item.task]
        spoken.setdefault((item.start, item.end), []).append(
            f"{task.name[language]} {task.label(item.label).name[language]}"
        )
        quoted[item.start, item.end] = " ".join(item.text.split())[:_QUOTE_LENGTH]
    return [f"«{quoted[span]}» → {' · '.join(names)}" for span, names in sorted(spoken.items())][:_QUOTES]


def _steps(plan: Mapping[str, Any], language: str) -> list[str]:
    """Return the first steps in the agents' language; a step of the operator's own keeps its title."""
    theirs, ours = wording(str(plan.get("language") or "en"))["steps"], wording(language)["steps"]
    titles = []
    for step in plan.get("steps", ()):
        name, title = step["id"], step.get("title") or step["id"]
        titles.append(ours.get(name, title) if title in (theirs.get(name), name) else title)
    rest = len(titles) - _STEPS
    return titles[:_STEPS] + ([_MORE[language].format(n=rest)] if rest > 0 else [])


def _flags(plan: Mapping[str, Any], language: str) -> list[str]:
    words = wording(language)["flags"]
    return [f"⚑ {words.get(flag['id'], flag['text'])}" for flag in plan.get("flags", ())]


def _lines(bullet: str, lines: Any) -> str:
    return "\n".join(f"{bullet}{line}" for line in lines)


def _inert(text: str) -> str:
    """Take apart what a help desk would expand."""
    return _EXPANDED.sub("{ ", text)


def _escaped(text: str) -> str:
    """Return a line as Markdown that shows just its characters."""
    return _MARKDOWN.sub(r"\\\1", _inert(" ".join(text.split())))
