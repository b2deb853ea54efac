"""What would tell that a customer was here: what is looked for once all of it should be gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from api.store.records import MessageRecord
from api.store.sealing import CUSTOMER_KEYS
from classifier.redaction import find_personal_data

__all__ = ["Traces"]

_SHORTEST: Final = 6
_SHORTEST_TEXT: Final = 40
_LONGEST_TEXT: Final = 200
_MOST: Final = 400
_SPACE: Final = re.compile(r"\s+")


class Traces:
    """Names, addresses, numbers and words of a customer, each with its kind; a few hundred at most.

    What is shorter than six characters is left out: it is found anywhere.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.left_out = 0

    def note(self, message: MessageRecord, *, thread: bool) -> None:
        """Note what a message tells; ``thread``: its conversation is the customer's alone."""
        self._add("external id", message.external_id)
        self._add("idempotency key", message.idempotency_key)
        self._add("customer id", message.customer_id)
        if thread:
            self._add("conversation", message.thread_id)
        for name, value in (message.customer or {}).items():
            if name == "id" or name not in CUSTOMER_KEYS:
                for leaf in _leaves(value):
                    self._add("customer data", leaf)
        for span in message.personal:
            self._add(span["kind"], message.text[span["start"] : span["end"]])
        for leaf in _leaves(message.metadata):
            for data in find_personal_data(leaf):
                self._add(data.kind, leaf[data.start : data.end])
        if len(message.text) >= _SHORTEST_TEXT:
            self._add("text", message.text[:_LONGEST_TEXT])

    def note_customer(self, customer_id: str) -> None:
        """Note who it is."""
        self._add("customer id", customer_id)

    def occur_in(self, text: str) -> bool:
        """Say whether a text names the customer."""
        plain = _SPACE.sub(" ", text).casefold()
        return any(_SPACE.sub(" ", value).casefold() in plain for value in self.values)

    def _add(self, kind: str, value: str | None) -> None:
        if not value or value in self.values:
            return
        if len(value) < _SHORTEST or len(self.values) >= _MOST:
            self.left_out += 1
        else:
            self.values[value] = kind


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers within a JSON value."""
    if isinstance(value, Mapping):
        inner: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    else:
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)
        return
    for item in inner:
        yield from _leaves(item)
