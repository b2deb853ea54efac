"""The text as the model reads it: ``STEPS`` from text to text, one after the other.

The model was trained on text treated by these very steps, so a change here asks for a new training run. Applying
them twice is the same as applying them once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from classifier.markup import strip_markup
from classifier.quoting import own_words

__all__ = ["STEPS", "preprocess"]

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAK: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_EMOJI: Final = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
    f"|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
)
_REPEATED: Final = re.compile(r"([^\d\s])\1{3,}+")
_SPACES: Final = re.compile(r"[^\S\n ]|[^\S\n]{2,}+")
_LINES: Final = re.compile(r" ?\n[\n ]*+")
_URL: Final = re.compile(r"""(?i)<?(?<![@\w.])(?:https?://|www\.)[^\s<>"]*[^\s<>".,;:!?)\]}']>?""")
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_BRACKETED_EMAIL: Final = "<<EMAIL>>"
_LONG_NUMBER: Final = re.compile(r"[+(]?\d(?:[ .()/-]{0,2}\d){7,}+")
_DATE_OR_AMOUNT: Final = re.compile(
    r"(?<!\d)(\d{1,2}([/.-])\d{1,2}\2(?:20|19)?\d{2}(?![\d/-])|(?:20|19)\d{2}([/.-])\d{1,2}\3\d{1,2}(?!\d)"
    r"|\d{1,3}(?:\.\d{3})+(?!\d|[.-]\d|/\d))"
)
_MASKED_DIGITS: Final = 8
_HALVES: Final = re.compile(r"[\ud800-\udfff]")


def mended(text: str) -> str:
    """Replace halves of surrogate pairs, which are no characters, one for one, so that places stay the same."""
    return _HALVES.sub("\ufffd", text)


def replace_controls(text: str) -> str:
    """Put a space for control characters and for halves of surrogate pairs; every line break becomes a line feed."""
    return _CONTROL.sub(" ", _LINE_BREAK.sub("\n", text))


def drop_invisible(text: str) -> str:
    """Remove what has no width; U+FE0F, combining marks and joiners inside an emoji stay: the tokenizer knows them."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def compose(text: str) -> str:
    """Put letters and their accents into one code point each (NFC)."""
    return unicodedata.normalize("NFC", text)


def shorten_repeats(text: str) -> str:
    """Cut a letter, sign or emoji repeated more than three times down to three (``looooco``, ``!!!!!``)."""
    return _REPEATED.sub(r"\1\1\1", text)


def squeeze_spaces(text: str) -> str:
    """Leave single spaces and single line breaks, none at the ends."""
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def mask_urls(text: str) -> str:
    """Put ``<URL>`` for a web address that begins with its scheme or with ``www.``."""
    return _URL.sub("<URL>", text) if "://" in text or "www." in text.lower() else text


def mask_emails(text: str) -> str:
    """Put ``<EMAIL>`` for an address, also for one in angle brackets."""
    if "@" not in text:
        return text
    return _EMAIL.sub("<EMAIL>", text).replace(_BRACKETED_EMAIL, "<EMAIL>")


def mask_numbers(text: str) -> str:
    """Put ``<NUM>`` for eight digits or more, with or without separators; dates and grouped amounts stay."""
    return _LONG_NUMBER.sub(_mask_number, text)


STEPS: Final[tuple[Callable[[str], str], ...]] = (
    strip_markup,
    replace_controls,
    drop_invisible,
    compose,
    shorten_repeats,
    squeeze_spaces,
    own_words,
    mask_urls,
    mask_emails,
    mask_numbers,
)
"""What happens to a text, in order."""


def preprocess(text: str) -> str:
    """Return the text that the model reads: any string is accepted, and a result comes back unchanged.

    One step can make work for an earlier one (an entity that stands for a zero-width space), hence the rounds.
    """
    while True:
        treated = text
        for step in STEPS:
            treated = step(treated)
        if treated == text:
            return text
        text = treated


def _mask_number(match: re.Match[str]) -> str:
    """Mask the digits between the dates and amounts of one chain of digits."""
    chain = match[0]
    pieces = []
    end = 0
    for kept in _DATE_OR_AMOUNT.finditer(chain):
        pieces += [_mask_piece(chain[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*pieces, _mask_piece(chain[end:])])


def _mask_piece(piece: str) -> str:
    """Mask a piece if it has enough digits, and keep the separators around it."""
    if sum(character.isdigit() for character in piece) < _MASKED_DIGITS:
        return piece
    start = len(piece) - len(piece.lstrip(" .)/-"))
    end = len(piece.rstrip(" .(/-"))
    return f"{piece[:start]}<NUM>{piece[end:]}"
