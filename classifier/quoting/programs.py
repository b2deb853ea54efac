"""What the company and programs say: chats exported, lines of telephones and scanners, legal notices."""

from __future__ import annotations

import re
from typing import Final

from classifier.quoting.lines import (
    ADDRESS,
    ATTRIBUTION_LENGTH,
    NUMBER,
    READ,
    RULED,
    SIGNATURE_LENGTH,
    Line,
    Lines,
    tokens_of,
)
from classifier.quoting.phrases import read_phrases
from classifier.quoting.signature import is_name, stays_open

_NOTICE_LINES: Final = 4
_LEAST_CHAT: Final = 2
_STAMP: Final = re.compile(
    r"[\u200e\u200f]?(?:\[?\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?\s?m\.?)?\]?(?: -)?"
    r"|\[\d{1,2}:\d{2}(?:\s?[ap]\.?\s?m\.?)?, \d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}\]) "
)


def without_company(lines: Lines) -> Lines:
    """Drop what the company and the program say in an exported chat."""
    stamps = [_STAMP.match(line.text) if line.text[:2].strip() else None for line in lines]
    if sum(stamp is not None for stamp in stamps) < _LEAST_CHAT:
        return lines
    kept: list[Line] = []
    away = False
    for line, stamp in zip(lines, stamps, strict=True):
        if stamp:
            away = _is_company(line.text[stamp.end() : READ])
        if not away:
            kept.append(line)
    return kept


def _is_company(message: str) -> bool:
    """Tell whether a chat message has a sender that is no customer, or is a notice of the program."""
    phrases = read_phrases()
    sender, colon, _ = message.partition(": ")
    folded = Line(0, message).folded
    if phrases.notices.search(folded):
        return True
    return bool(colon) and not phrases.company_senders.isdisjoint(tokens_of(Line(0, sender).folded))


def without_footers(lines: Lines) -> Lines:
    """Drop what mail programs and scanners add, and a legal notice with all that follows it."""
    kept: list[Line] = []
    begun = below = False
    for place, line in enumerate(lines):
        if line.blank:
            kept.append(line)
            continue
        if begun and _begins_notice(lines, place):
            break
        if _is_device(line):
            kept = _without_sender(kept)
        below = _is_footer(line) or (below and _is_address(line))
        if not below:
            kept.append(line)
            begun = True
    return kept


def _without_sender(lines: list[Line]) -> list[Line]:
    """Drop the name, or name and place, that a telephone puts above its own line, where a sentence stands above."""
    written = [place for place, line in enumerate(lines) if not line.blank]
    for size in (2, 1):
        if len(written) <= size or stays_open(lines[written[-size - 1]]):
            continue
        name, *below = (lines[place] for place in written[-size:])
        if " " in name.bare and all(_is_bare_name(line) for line in (name, *below)):
            return lines[: written[-size]]
    return lines


def _is_bare_name(line: Line) -> bool:
    """Tell whether a line is capitalised words and nothing else."""
    text = line.text.strip()
    return len(text) <= SIGNATURE_LENGTH and text[-1].isalpha() and not NUMBER.search(text) and is_name(text)


def _is_footer(line: Line) -> bool:
    """Recognise what a program adds in a line of its own."""
    return _is_device(line) or read_phrases().footers.match(line.bare) is not None


def _is_address(line: Line) -> bool:
    """Tell whether a line is nothing but a web or mail address."""
    return ADDRESS.fullmatch(line.text.strip()[:READ]) is not None


def _begins_notice(lines: Lines, place: int) -> bool:
    """Tell whether a confidentiality or data protection notice begins here."""
    phrases = read_phrases()
    if not phrases.notice.match(lines[place].folded):
        return False
    return any(phrases.notice_words.search(line.folded) for line in lines[place : place + _NOTICE_LINES])


def _is_device(line: Line) -> bool:
    """Recognise a line made only of the words of "Enviado desde mi iPhone", with or without an apology."""
    phrases = read_phrases()
    if len(line.text) > ATTRIBUTION_LENGTH:
        return False
    first, _, rest = ADDRESS.sub(" ", line.folded).strip(RULED).partition(". ")
    if rest and not phrases.apology.match(rest):
        return False
    tokens = tokens_of(first)
    if not tokens or tokens[0] not in phrases.device_first or phrases.devices.isdisjoint(tokens):
        return False
    return all(token in phrases.device_words or NUMBER.search(token) for token in tokens)
