"""Personal data in a message, found and masked, so that logs and exports can do without it.

What has a check digit is checked; the rest is told by its neighbours: *mi celular*, *conta*, *me atendió*. The number
of an order, a protocol or a ticket is no personal data and stays, and so does the name of a firm or a town. How much
is found is measured on written messages: ``python -m benchmarks --only personal-data``.
"""

from __future__ import annotations

import re
from typing import Final

from classifier.redaction import addresses, announced, contacts, names, numbers
from classifier.redaction.reading import PersonalData, Reading

__all__ = ["KINDS", "PersonalData", "find_names", "find_personal_data", "redact"]

KINDS: Final = tuple(
    dict.fromkeys((*contacts.KINDS, *announced.KINDS, addresses.KIND, *numbers.KINDS, names.KIND)),
)
"""The kinds of personal data that are told apart."""

_DIGIT: Final = re.compile("[0-9]")
_TYPED: Final = {
    **dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((*range(0x2010, 0x2015), 0x2212), "-"),
}
"""Spaces and hyphens of typesetters and of HTML, as a keyboard has them: sign for sign, so that places stay."""


def find_personal_data(text: str) -> tuple[PersonalData, ...]:
    """Return what identifies a person, in order of place and without overlap."""
    reading = Reading(text.translate(_TYPED))
    contacts.find(reading)
    if _DIGIT.search(text):
        announced.find(reading)
        addresses.find(reading)
        numbers.find(reading)
    names.find(reading)
    return tuple(sorted(reading.found, key=lambda data: data.start))


def find_names(text: str) -> tuple[tuple[int, int], ...]:
    """Return where names of people start and end (exclusive), in code points, in order of place."""
    reading = Reading(text)
    names.find(reading)
    return tuple((data.start, data.end) for data in reading.found)


def redact(text: str) -> str:
    """Put ``<CPF>``, ``<PHONE>``, ``<NAME>`` and so on in place of personal data."""
    for data in reversed(find_personal_data(text)):
        text = f"{text[: data.start]}<{data.kind.upper()}>{text[data.end :]}"
    return text
