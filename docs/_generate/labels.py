"""The reference of the labels, from the taxonomy, in three languages."""

from __future__ import annotations

import sys

from classifier.taxonomy import TASKS, TAXONOMY_VERSION, Task, TaskKind

from .tables import code, table

__all__ = ["labels"]

_TITLE = {"en": "Labels", "es": "Etiquetas", "pt": "Etiquetas"}
_INTRODUCTION = {
    "en": "Version {version} of the taxonomy: the ids are stable, and are what JSON, tags, filters and exports hold. "
    "How a label is told from its neighbours stands in [the codebook](../codebook.md).",
    "es": "Versión {version} de la taxonomía: los identificadores son estables y son los que aparecen en el JSON, las "
    "etiquetas, los filtros y las exportaciones. Cómo distinguir cada etiqueta de sus vecinas: "
    "[el manual de etiquetado](../codebook.md).",
    "pt": "Versão {version} da taxonomia: os identificadores são estáveis e são os que aparecem no JSON, nas "
    "etiquetas, nos filtros e nas exportações. Como distinguir cada etiqueta das vizinhas: "
    "[o manual de etiquetagem](../codebook.md).",
}
_KINDS = {
    "en": {"flag": "yes or no", "multi": "one or more", "ordinal": "one level", "single": "one"},
    "es": {"flag": "sí o no", "multi": "una o varias", "ordinal": "un nivel", "single": "una"},
    "pt": {"flag": "sim ou não", "multi": "uma ou várias", "ordinal": "um nível", "single": "uma"},
}
_HEAD = {
    "en": ("Id", "Name", "Meaning"),
    "es": ("Identificador", "Nombre", "Significado"),
    "pt": ("Identificador", "Nome", "Significado"),
}
_COMPLAINTS_ONLY = {"en": "complaints only", "es": "solo quejas", "pt": "só reclamações"}


def labels(language: str) -> str:
    """Return the page in ``language``."""
    introduction = _INTRODUCTION[language].format(version=TAXONOMY_VERSION)
    return f"# {_TITLE[language]}\n\n{introduction}\n\n" + "".join(_task(task, language) for task in TASKS)


def _task(task: Task, language: str) -> str:
    only = f", {_COMPLAINTS_ONLY[language]}" if task.complaints_only else ""
    how_many = _KINDS[language][TaskKind(task.kind).value]
    about = f"**{task.name[language]}** ({how_many}{only}). {task.definition[language]}"
    rows = ((code(label.id), label.name[language], label.definition[language]) for label in task.labels)
    return f"## `{task.id}`\n\n{about}\n\n{table(_HEAD[language], rows)}"


if __name__ == "__main__":
    sys.stdout.write(labels("en"))
