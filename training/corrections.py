"""Labels that people corrected, as a corpus or in the place of a corpus's own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.errors import InputError
from classifier.formats.jsonlines import encode_json
from classifier.preprocessing import preprocess
from training.corpus import Example, text_hash

__all__ = ["corpus_rows", "corrected", "write_jsonl"]

_Key = tuple[str, str]


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows of a corpus; raise ``InputError`` if that can't be."""
    try:
        path.write_bytes(b"".join(encode_json(row) + b"\n" for row in rows))
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None


def corpus_rows(examples: Iterable[Example]) -> Iterator[dict[str, Any]]:
    """Yield the examples in the form that ``training.corpus.read_messages`` reads."""
    for e in examples:
        yield {"id": e.id, "source": e.source, "lang": e.language, "text": e.text, "labels": e.labels}


def corrected(corpus: Path, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Return every row of a corpus, stand-off or not, with the labels of ``examples`` in the place of its own.

    Rows are found by source and id and, where several messages have the same, by their text. Raise ``InputError`` if
    the corpus lacks one of ``examples``.
    """
    rows, new = list(_labelled_rows(corpus)), defaultdict[_Key, list[int]](list)
    for i, example in enumerate(examples):
        new[example.source, example.id].append(i)
    texts = defaultdict[_Key, set[str]](set)
    for key, row in rows:
        texts[key].add(str(row.get("text", row.get("sha256"))))
    found: set[int] = set()
    result = []
    for key, row in rows:
        mine = new.get(key, [])
        if mine and (len(mine) > 1 or len(texts[key]) > 1):
            mine = [i for i in mine if _has_text(row, examples[i].text)]
        found.update(mine)
        result.append({**row, "labels": examples[mine[0]].labels} if mine else row)
    _check_found(corpus, [e for i, e in enumerate(examples) if i not in found], texts)
    return result


def _labelled_rows(corpus: Path) -> Iterator[tuple[_Key, dict[str, Any]]]:
    """Yield the rows of a corpus, each with its source and id."""
    for number, line in enumerate(_lines(corpus), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            source, name, _ = str(row.get("source") or ""), str(row["id"]), row["labels"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{corpus}:{number}: not a labelled message with id and labels") from None
        yield (source, name), row


def _has_text(row: Mapping[str, Any], text: str) -> bool:
    """Say whether a row of a corpus is that of ``text``, as it was sent or as the model reads it."""
    if "text" in row:
        return preprocess(str(row["text"])) == preprocess(text)
    return row.get("sha256") == text_hash(text)


def _check_found(corpus: Path, lost: Sequence[Example], there: Container[_Key]) -> None:
    """Raise ``InputError`` that names what of a review file is not in its corpus."""
    absent = [e.id for e in lost if (e.source, e.id) not in there]
    if absent:
        raise InputError(f"{corpus} has no message {', '.join(absent[:5])}")
    if lost:
        names = ", ".join(dict.fromkeys(e.id for e in lost[:5]))
        raise InputError(
            f"{corpus}: which message is {names}? Several have that id, and none the text of the review file"
        )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8") from None
