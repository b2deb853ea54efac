"""Quoted history: lines with a quotation sign, who wrote when, and header blocks with all that follows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from classifier.quoting.lines import ADDRESS, ATTRIBUTION_LENGTH, READ, RULE, TIME, Line, Lines, has_words
from classifier.quoting.phrases import read_phrases

_ATTRIBUTION_LINES: Final = 3
_HEADER_LINES: Final = 16
_LEAST_FIELDS: Final = 3
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b|\d[/.-]\d\d\b")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d")
_FIELD: Final = re.compile(r"\*?([a-z][a-z -]{0,18}?) ?:(?!//)")


def without_history(lines: Lines) -> Lines:
    """Drop quoted lines, the line that announces them, and all that follows a border that has no end."""
    kept: list[Line] = []
    place = 0
    announced = False
    above: Line | None = None
    while place < len(lines):
        line = lines[place]
        if line.blank:
            kept.append(line)
            place += 1
        elif line.quoted:
            end = _end_of_quotation(lines, place)
            if not (announced or _is_quotation(lines[place:end], above)):
                kept += lines[place:end]
                above = kept[-1]
            place = end
        elif length := _attribution(lines, place):
            if not _quotation_follows(lines, place + length):
                return _without_rule(kept)
            place, announced = place + length, True
        elif _is_border(lines, place):
            return _without_rule(kept)
        else:
            kept.append(line)
            above = line
            place += 1
    return kept


def forwards(lines: Lines) -> bool:
    """Tell whether a forward is announced."""
    phrases = read_phrases()
    return any(phrases.forward.search(line.folded) and _is_separator(line) for line in lines if not line.blank)


def _is_border(lines: Lines, place: int) -> bool:
    """Tell whether history without quotation signs begins here."""
    return _is_separator(lines[place]) or _is_header(lines, place)


def _is_separator(line: Line) -> bool:
    """Recognise ``-----Mensaje original-----`` and "write above this line"."""
    if len(line.text) > ATTRIBUTION_LENGTH:
        return False
    phrases = read_phrases()
    if phrases.alone.fullmatch(line.bare) or phrases.reply_above.fullmatch(line.bare):
        return True
    return line.folded.startswith("--") and phrases.between_rules.fullmatch(line.bare) is not None


def _is_header(lines: Lines, place: int) -> bool:
    """Recognise a block ``De: / Enviado: / Para: / Asunto:``, also with blank or folded lines in it.

    Laid out as a table, each value stands in a line of its own below its name.
    """
    if _field(lines[place]) not in ("from", "sent"):
        return False
    found: set[str] = set()
    awaits = False
    for line in lines[place : place + _HEADER_LINES]:
        name = _field(line)
        if awaits and not line.blank and not name:
            awaits = False
            continue
        awaits = line.folded.endswith(":") if name else awaits and line.blank
        if name in found:
            break
        if name:
            found.add(name)
        elif not (line.blank or ADDRESS.search(line.text[:READ]) or line.text[:1].isspace()):
            break
    return len(found) >= _LEAST_FIELDS and "from" in found and "sent" in found


def _field(line: Line) -> str | None:
    """Tell which header field a line holds."""
    match = _FIELD.match(line.folded)
    return read_phrases().headers.get(match[1].strip()) if match else None


def _attribution(lines: Lines, place: int) -> int:
    """Return over how many lines "El lun, 3 mar 2025 a las 10:12, Ana escribió:" goes, 0 if there is none."""
    phrases = read_phrases()
    first = lines[place].folded
    dated = phrases.begins.match(first) is not None
    if not (dated or _ISO.match(first) or any(verb in first for verb in phrases.says_wrote)):
        return 0
    joined = ""
    for length, line in enumerate(lines[place : place + _ATTRIBUTION_LINES], 1):
        if line.blank or line.quoted or (length > 1 and phrases.begins.match(line.folded)):
            break
        joined = f"{joined} {line.folded}".strip()
        if dated and _goes_on(joined):
            return length
        if len(joined) > ATTRIBUTION_LENGTH or not (TIME.search(joined) or _YEAR.search(joined) or length == 1):
            break
        if _attributes(joined, dated=dated, quoted=_quotation_follows(lines, place + length)):
            return length
    return 0


def _attributes(joined: str, *, dated: bool, quoted: bool) -> bool:
    """Tell whether a folded text says who wrote when."""
    if not joined.endswith(":"):
        return False
    phrases = read_phrases()
    address = "@" in joined or "<" in joined
    if _ISO.match(joined):
        return address
    tokens = joined[:-1].split()
    if dated:
        told = tokens[-1] not in phrases.says_wrote or tokens[-2] in phrases.tells_story
        return not told and (quoted or address or (TIME.search(joined) is not None and "," in joined))
    after = phrases.wrote_when.search(joined)
    return after is not None and (address or quoted)


def _goes_on(joined: str) -> bool:
    """Tell whether a folded text says who wrote when, and what was written in the same line, as Yahoo's app does."""
    phrases = read_phrases()
    for verb in phrases.says_wrote:
        head, found, written = joined.partition(f" {verb}: ")
        if found and written and len(head) <= ATTRIBUTION_LENGTH:
            return "@" in head and TIME.search(head) is not None and head.split()[-1] not in phrases.tells_story
    return False


def _quotation_follows(lines: Lines, place: int) -> bool:
    """Tell whether the next line with anything in it is quoted."""
    while place < len(lines) and lines[place].blank:
        place += 1
    return place < len(lines) and lines[place].quoted


def _end_of_quotation(lines: Lines, place: int) -> int:
    """Return the place after the last quoted line in a row."""
    while place < len(lines) and lines[place].quoted:
        place += 1
    return place


def _is_quotation(quoted: Lines, above: Line | None) -> bool:
    """Tell a quotation without announcement from a list of the customer's and from "more than"."""
    if above and above.folded.endswith(":") and not read_phrases().answers_below.search(above.folded):
        return False
    bodies = [body for line in quoted if has_words(body := line.text.strip("> \t"))]
    if len(bodies) == 1:
        return len(bodies[0].split()) > 1 and not bodies[0][0].isdigit()
    return bool(bodies)


def _without_rule(kept: Sequence[Line]) -> Lines:
    """Drop the rule that Outlook draws above the headers."""
    end = len(kept)
    while end and (kept[end - 1].blank or RULE.fullmatch(kept[end - 1].text)):
        end -= 1
    return kept[:end]
