"""Errors that a user of the classifier may meet.

::

    RecuperaError
    ├── ArtifactError            the model directory can't be used
    │   ├── ArtifactNotFoundError    no such directory, or a file of it is missing
    │   ├── ChecksumError            a file was changed after the model was written
    │   └── IncompatibleModelError   made for another taxonomy or file layout
    ├── InputError               the input as a whole can't be read
    ├── OutputError              the results can't be written
    ├── RecordError              one record can't be classified; the others can
    │   └── TextTooLongError
    └── MissingExtraError        an optional dependency is not installed

No message of these ever repeats the customer's text.
"""

from __future__ import annotations

__all__ = [
    "ArtifactError",
    "ArtifactNotFoundError",
    "ChecksumError",
    "IncompatibleModelError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "RecordError",
    "RecuperaError",
    "TextTooLongError",
]


class RecuperaError(Exception):
    """Base of every error that Recupera raises on purpose."""


class ArtifactError(RecuperaError):
    """A model directory can't be used."""


class ArtifactNotFoundError(ArtifactError):
    """The model directory, or a file in it, does not exist."""


class ChecksumError(ArtifactError):
    """A file of the model is not the one that was released."""


class IncompatibleModelError(ArtifactError):
    """The model was made for another taxonomy or another file layout."""


class InputError(RecuperaError):
    """The input as a whole can't be read."""


class OutputError(RecuperaError):
    """The results can't be written, or not to what an earlier run left."""


class RecordError(RecuperaError):
    """One record can't be classified."""


class TextTooLongError(RecordError):
    """A text is longer than the limit."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"text has {length:,} characters; the limit is {limit:,}: split it or cut it")
        self.length = length
        self.limit = limit


class MissingExtraError(RecuperaError):
    """A feature needs an extra that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'recupera[{extra}]'")
        self.extra = extra
