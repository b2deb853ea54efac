"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from classifier.errors import RecordError
from classifier.formats.lines import MAX_LINE, Line, Stream
from classifier.records import BadRecord, Columns, Record, make_record
from classifier.types import Classification

__all__ = ["JsonLinesWriter", "encode_json", "read"]


def read(stream: Stream, columns: Columns, _warn: Callable[[str], None]) -> Iterator[Record | BadRecord]:
    """Read one record a line; blank lines are none."""
    for line in stream.lines():
        if line.content.isspace():
            continue
        try:
            values = _object(line)
        except RecordError as error:
            yield BadRecord(line.number, None, str(error))
        else:
            yield make_record(line.number, values, columns)


def _object(line: Line) -> dict[str, Any]:
    """Parse one line; raise ``RecordError`` that says what is wrong and where, without the content."""
    if line.cut:
        raise RecordError(f"the line is longer than {MAX_LINE // 1024**2} MiB")
    try:
        values = json.loads(line.content.rstrip().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8 (byte {error.start + 1} of the line)") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"not valid JSON: {error.msg.strip(' :')} (column {error.colno})") from None
    except RecursionError:
        raise RecordError("not valid JSON: nested too deeply") from None
    except ValueError:
        raise RecordError("not valid JSON") from None
    if not isinstance(values, dict):
        raise RecordError('not a JSON object such as {"id": "1", "text": "…"}')
    return values


class JsonLinesWriter:
    """Writes one object a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, result: Classification | BadRecord) -> None:
        """Write a classification, or the error in its place."""
        content = {"id": result.id, "error": str(result)} if isinstance(result, BadRecord) else result.to_dict()
        self._file.write(encode_json(content) + b"\n")

    def close(self) -> None:
        """Write what is held back."""
        self._file.flush()


def encode_json(content: Any) -> bytes:
    r"""Return readable JSON as UTF-8.

    Half a surrogate pair can't be encoded; Python's ``\udXXX`` for it is also how JSON escapes it.
    """
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
