"""Labelled messages: read, checked, split.

A line of a corpus is a JSON object with ``id``, ``text``, ``labels`` and, where known, ``source``, ``lang``,
``variety`` and ``family``. A stand-off line has ``source``, ``id``, ``sha256`` (of the text in UTF-8) and ``labels``;
its text is looked up in a file of messages that the user has.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.errors import InputError
from classifier.preprocessing import preprocess
from classifier.taxonomy import LANGUAGES, TASKS, Task, TaskKind

Labels = Mapping[str, Any]

_STANDOFF: Final = ("source", "id", "sha256", "labels")

log = logging.getLogger(__name__)


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
    lines = ((f"{path}:{number}", row) for number, row in read_rows(path))
    return without_contradictions((where, parse_example(row, where, weight)) for where, row in lines)


def read_labelled(path: Path, texts: Path | None = None) -> list[Example]:
    """Read a JSONL corpus, or stand-off labels joined to ``texts``; raise ``InputError`` if no message is left too."""
    examples = read_messages(path) if texts is None else read_standoff(path, texts)
    if not examples:
        raise InputError(f"{path}: no labelled messages" + (f" whose text is in {texts}" if texts else ""))
    return examples


def read_standoff(
    path: Path,
    texts: Path | Iterable[tuple[int, Mapping[str, Any]]],
    *,
    weight: float = 1.0,
    texts_name: str = "the texts",
) -> list[Example]:
    """Join stand-off labels to the texts they were given to: a JSONL file, or numbered rows of ``texts_name``.

    Records whose text is absent from ``texts``, or whose text has another hash there, are left out, and a warning tells
    how many. Raise ``InputError`` naming file, line and reason for the first line that is wrong on either side.
    """
    if isinstance(texts, Path):
        texts, texts_name = read_rows(texts), str(texts)
    known = {_record(row, f"{texts_name}:{number}"): (number, row) for number, row in texts}
    joined, absent, changed = [], 0, 0
    for number, row in read_rows(path):
        where = f"{path}:{number}"
        if missing := [name for name in _STANDOFF if name not in row]:
            raise InputError(f"{where}: {missing[0]} is missing")
        at, message = known.get(_record(row, where), (0, None))
        if message is None:
            absent += 1
        elif text_hash(_text_of(message, f"{texts_name}:{at}")) != row["sha256"]:
            changed += 1
        else:
            joined.append((where, parse_example({**message, "labels": row["labels"]}, where, weight)))
    if absent or changed:
        log.warning(
            "%s: %d of %d labels were not joined: of %d there is no text in %s, and of %d another one",
            *(path, absent + changed, absent + changed + len(joined), absent, texts_name, changed),
        )
    return without_contradictions(joined)


def without_contradictions(labelled: Iterable[tuple[str, Example]]) -> list[Example]:
    """Return the examples, each with where it stands; raise ``InputError`` if one message has two answers to a task."""
    seen: dict[tuple[str, str, str], tuple[str, Labels]] = {}
    examples = []
    for where, example in labelled:
        before, labels = seen.setdefault((example.source, example.id, example.text), (where, example.labels))
        for task in labels.keys() & example.labels.keys():
            if labels[task] != example.labels[task]:
                raise InputError(f"{where}: labels.{task} is not the same as at {before}, which is the same message")
        examples.append(example)
    return examples


def as_text(value: object) -> str:
    """Return an id or another cell as text: a gap is empty, and a whole number has no decimals."""
    if value is None or value != value:  # noqa: PLR0124, RUF100 - NaN, a gap in a column of numbers
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def text_hash(text: str) -> str:
    """Return the SHA-256 of ``text`` in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_labels(labels: Labels) -> None:
    """Raise ``ValueError`` if ``labels`` breaks the taxonomy; a task may be absent, which masks its loss."""
    if not isinstance(labels, Mapping):
        raise ValueError("labels must be an object, a task a key")
    if not isinstance(labels.get("complaint"), bool):
        raise ValueError("labels.complaint must be true or false")
    for task in TASKS:
        if task.id in labels:
            _check_task(task, labels[task.id])
    unknown = set(labels) - {task.id for task in TASKS}
    if unknown:
        raise ValueError(f"labels has unknown tasks: {', '.join(sorted(unknown))}")
    pointless = [task.id for task in TASKS if task.complaints_only and task.id in labels]
    if pointless and not labels["complaint"]:
        raise ValueError(f"labels.complaint is false: only a complaint has {', '.join(pointless)}")


def split(examples: Sequence[Example], fraction: float, seed: int) -> tuple[list[Example], list[Example]]:
    """Split into training and validation by a hash of the family, so that a split survives added data."""
    held = {family for family in {e.family for e in examples} if _share(family, seed) < fraction}
    return [e for e in examples if e.family not in held], [e for e in examples if e.family in held]


def sample(examples: Sequence[Example], fraction: float, seed: int) -> list[Example]:
    """Keep about ``fraction`` of ``examples``, by a hash of the family: a smaller sample is a part of a larger one."""
    return [e for e in examples if _share(f"sample:{e.family}", seed) < fraction]


def real_corpora(data: Path) -> list[Path]:
    """Return those of ``train.jsonl`` and ``unlabelled.jsonl.gz`` that a folder has; ``InputError`` if it has none."""
    found = [path for name in ("train.jsonl", "unlabelled.jsonl.gz") if (path := data / name).is_file()]
    if not found:
        raise InputError(f"{data}: neither train.jsonl nor unlabelled.jsonl.gz is there")
    return found


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of a JSONL file, gzipped or not."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a whole gzip file, which its name says it is: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}:{number}: not valid JSON: {error}") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}:{number}: not a JSON object")
            yield number, row


def parse_example(row: Mapping[str, Any], where: str, weight: float) -> Example:
    """Check one row and turn it into an example, its text as the model reads it."""
    try:
        name, text, labels = row["id"], row["text"], row["labels"]
        language = row["lang"] if "lang" in row else row["language"]
        for key in ("id", "family"):
            if isinstance(row.get(key), (list, dict)):
                raise ValueError(f"{key} must be a string or a number")
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
    family = str(row.get("family") or text_hash(prepared.casefold()))
    source, variety, channel = (str(row.get(key) or "") for key in ("source", "variety", "channel"))
    return Example(
        str(name), prepared, language, source, family, labels, weight=weight, variety=variety, channel=channel
    )


def _record(row: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Return source and id of a row, by which labels find their text: a table may hold numbers as text."""
    source, name = row.get("source"), row.get("id")
    for key, value in (("source", source), ("id", name)):
        if isinstance(value, (list, dict)):
            raise InputError(f"{where}: {key} must be a string or a number")
    return as_text(source), as_text(name)


def _text_of(row: Mapping[str, Any], where: str) -> str:
    """Return the text that labels are joined to."""
    if "text" not in row:
        raise InputError(f"{where}: text is missing")
    if not isinstance(row["text"], str):
        raise InputError(f"{where}: text must be a string that is not empty")
    return row["text"]


def _check_task(task: Task, value: object) -> None:
    """Raise ``ValueError`` if ``value`` is no answer to ``task``."""
    if task.kind is TaskKind.FLAG:
        fine = isinstance(value, bool)
    elif task.kind is TaskKind.MULTI:
        labels = value if isinstance(value, list) else []
        known = all(isinstance(label, str) and label in task.label_ids for label in labels)
        fine = bool(labels) and known and len(set(labels)) == len(labels)
    else:
        fine = value in task.label_ids
    if not fine:
        raise ValueError(f"labels.{task.id} is {value!r}; it must be of {', '.join(task.label_ids)}")


def _share(family: str, seed: int) -> float:
    """Map a family to [0, 1), evenly and the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{family}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
