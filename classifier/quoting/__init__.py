"""What in a mail is the sender's new message: no quoted history, no signature, no legal notice, no program's line.

Only whole lines go. A text of which nothing would be left, such as a mere forward, is kept as it is: the case is then
in what was forwarded. The phrases are in ``lexicon/quoting.toml``; what is left of a mail is not changed by a second
look.

Sources of the shapes: RFC 3676 section 4.3 ("-- " before a signature), RFC 5322 section 2.2 (header fields), and
what Gmail, Outlook, Apple Mail, Yahoo, Thunderbird, WhatsApp and help desks write in es, pt and en.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classifier.quoting.history import forwards, without_history
from classifier.quoting.lines import Line, Lines, has_words
from classifier.quoting.phrases import read_phrases
from classifier.quoting.programs import without_company, without_footers
from classifier.quoting.signature import is_civility, is_person, is_signature, without_signature

__all__ = ["has_words", "is_civility", "own_spans", "own_words"]

_ROUNDS: Final = 8
"""How often lines may become something else once their neighbours are gone; a text that doesn't settle stays whole."""


def own_words(text: str) -> str:
    """Return the lines of ``text`` that its sender wrote for this message, in their order, in linear time.

    Quoted history, signature, notices and blank lines next to them or at the ends are left out. Never without words
    if ``text`` has some.
    """
    if "\n" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(lines[number] for number in _own_numbers(lines))


def own_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return where the lines of ``own_words`` stand in ``text``: code points, end exclusive, line breaks left out."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return tuple((starts[number], starts[number] + len(lines[number])) for number in _own_numbers(lines))


def _own_numbers(texts: Sequence[str]) -> list[int]:
    """Return the numbers of the lines to keep."""
    every = [Line(number, text) for number, text in enumerate(texts)]
    lines: Lines = every
    for _ in range(_ROUNDS):
        left = _round(lines)
        if len(left) == len(lines):
            break
        lines = left
    else:
        return _numbers(every)
    return _numbers(lines if _says_something(lines, forwarded=forwards(every)) else every)


def _numbers(lines: Lines) -> list[int]:
    """Return the numbers of the lines, without blank ones at the ends."""
    written = [place for place, line in enumerate(lines) if not line.blank]
    return [line.number for line in lines[written[0] : written[-1] + 1]] if written else [line.number for line in lines]


def _round(lines: Lines) -> Lines:
    """Drop everything that can be told now, and the blank lines beside it."""
    kept = lines
    for step in (without_history, without_company, without_footers, without_signature):
        kept = step(kept)
    if len(kept) == len(lines):
        return lines
    places = {line.number for line in kept}
    gone = [line.number not in places for line in lines]
    for order in (range(1, len(lines)), range(len(lines) - 2, -1, -1)):
        back = -1 if order.step == 1 else 1
        for i in order:
            gone[i] = gone[i] or (gone[i + back] and lines[i].blank)
    return [line for line, away in zip(lines, gone, strict=True) if not away]


def _says_something(lines: Lines, *, forwarded: bool) -> bool:
    """Tell whether there is more than a closing and a name; above a forward, more than thanks or a greeting too."""
    phrases = read_phrases()
    empty = [phrases.closing] + [phrases.thanks, phrases.greeting] * forwarded
    written = [line for line in lines if not line.blank]
    said = [line for line in written if has_words(line.text) and not any(p.fullmatch(line.bare) for p in empty)]
    name = next((place for place, line in enumerate(said) if is_person(line)), len(said))
    if len(said) == len(written) == 1 or not all(is_signature(line) for line in said[name:]):
        return True
    return name > 0
