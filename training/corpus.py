"""Labelled messages: read, checked, split.

A line of a corpus is a JSON object with ``id``, ``text``, ``labels`` and, where known, ``source``, ``lang``,
``variety`` and ``family``. A stand-off line has ``source``, ``id``, ``sha256`` (of the text in UTF-8) and ``labels``;
its text is looked up in a file of messages that the user has.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.errors import InputError
from classifier.preprocessing import preprocess
from classifier.taxonomy import LANGUAGES, TASKS, Task, TaskKind

Labels = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message.

    ``family`` groups messages that must stay on one side of a split; a pass sees the message with chance ``share``.
    ``teacher`` holds the logits that a model to learn from gave, (sum of the tasks' widths,).
    """

    id: str
    text: str
    language: str
    source: str
    family: str
    labels: Labels
    weight: float = 1.0
    variety: str = ""
    channel: str = ""
    share: float = 1.0
    teacher: tuple[float, ...] = ()


def read_messages(path: Path, *, weight: float = 1.0) -> list[Example]:
    """Read a JSONL corpus; raise ``InputError`` naming file, line and reason for the first line that is wrong."""
    return [parse_example(row, f"{path}:{number}", weight) for number, row in read_rows(path)]


def read_standoff(
    path: Path, texts: Path | Iterable[tuple[int, Mapping[str, Any]]], *, weight: float = 1.0
) -> list[Example]:
    """Join stand-off labels to the texts they were given to: a JSONL file, or numbered rows of another source.

    Records whose text is absent from ``texts``, or whose text has another hash there, are left out.
    """
    numbered = read_rows(texts) if isinstance(texts, Path) else texts
    known = {(row.get("source"), row.get("id")): row for _, row in numbered}
    examples = []
    for number, row in read_rows(path):
        message = known.get((row.get("source"), row.get("id")))
        if message is not None and text_hash(message["text"]) == row.get("sha256"):
            examples.append(parse_example({**message, "labels": row["labels"]}, f"{path}:{number}", weight))
    return examples


def text_hash(text: str) -> str:
    """Return the SHA-256 of ``text`` in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_labels(labels: Labels) -> None:
    """Raise ``ValueError`` if ``labels`` breaks the taxonomy; a task may be absent, which masks its loss."""
    if not isinstance(labels.get("complaint"), bool):
        raise ValueError("labels.complaint must be true or false")
    for task in TASKS:
        if task.id in labels:
            _check_task(task, labels[task.id])
    unknown = set(labels) - {task.id for task in TASKS}
    if unknown:
        raise ValueError(f"labels has unknown tasks: {', '.join(sorted(unknown))}")


def split(examples: Sequence[Example], fraction: float, seed: int) -> tuple[list[Example], list[Example]]:
    """Split into training and validation by a hash of the family, so that a split survives added data."""
    held = {family for family in {e.family for e in examples} if _share(family, seed) < fraction}
    return [e for e in examples if e.family not in held], [e for e in examples if e.family in held]


def sample(examples: Sequence[Example], fraction: float, seed: int) -> list[Example]:
    """Keep about ``fraction`` of ``examples``, by a hash of the family: a smaller sample is a part of a larger one."""
    return [e for e in examples if _share(f"sample:{e.family}", seed) < fraction]


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of a JSONL file, gzipped or not."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}:{number}: not valid JSON: {error}") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}:{number}: not a JSON object")
            yield number, row


def parse_example(row: Mapping[str, Any], where: str, weight: float) -> Example:
    """Check one row and turn it into an example, its text as the model reads it."""
    try:
        name, text, labels = row["id"], row["text"], row["labels"]
        language = row["lang"] if "lang" in row else row["language"]
        if not isinstance(text, str) or not text.strip():
            raise ValueError("text must be a string that is not empty")
        if language not in LANGUAGES:
            raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}")
        check_labels(labels)
    except KeyError as error:
        raise InputError(f"{where}: {error.args[0]} is missing") from None
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    prepared = preprocess(text)
    family = row.get("family") or text_hash(prepared.casefold())
    source, variety, channel = (str(row.get(key) or "") for key in ("source", "variety", "channel"))
    return Example(
        str(name), prepared, language, source, family, labels, weight=weight, variety=variety, channel=channel
    )


def _check_task(task: Task, value: object) -> None:
    """Raise ``ValueError`` if ``value`` is no answer to ``task``."""
    if task.kind is TaskKind.FLAG:
        fine = isinstance(value, bool)
    elif task.kind is TaskKind.MULTI:
        fine = isinstance(value, list) and len(value) > 0 and len(set(value)) == len(value)
        fine = fine and set(value) <= set(task.label_ids)  # type: ignore[call-overload]
    else:
        fine = value in task.label_ids
    if not fine:
        raise ValueError(f"labels.{task.id} is {value!r}; it must be of {', '.join(task.label_ids)}")


def _share(family: str, seed: int) -> float:
    """Map a family to [0, 1), evenly and the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{family}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
