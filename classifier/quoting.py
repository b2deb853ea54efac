"""What in a mail is the sender's new message: no quoted history, no signature, no legal notice, no program's line.

Only whole lines go. A text of which nothing would be left, such as a mere forward, is kept as it is: the case is then
in what was forwarded. The phrases are in ``lexicon/quoting.toml``; what is left of a mail is not changed by a second
look.

Sources of the shapes: RFC 3676 section 4.3 ("-- " before a signature), RFC 5322 section 2.2 (header fields), and
what Gmail, Outlook, Apple Mail, Yahoo, Thunderbird, WhatsApp and help desks write in es, pt and en.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["has_words", "own_spans", "own_words"]

_ROUNDS: Final = 8
"""How often lines may become something else once their neighbours are gone; a text that doesn't settle stays whole."""

_READ: Final = 600
"""Characters of a line that are read: what is looked for stands in the first ones."""

_ATTRIBUTION_LINES: Final = 3
_ATTRIBUTION_LENGTH: Final = 300
_HEADER_LINES: Final = 16
_LEAST_FIELDS: Final = 3
_SIGNATURE_LINES: Final = 20
_SIGNATURE_LENGTH: Final = 100
_SIGNATURE_WORDS: Final = 12
_NAME_WORDS: Final = 6
_MOTTO_WORDS: Final = 9
_ACRONYM: Final = 4
_NOTICE_LINES: Final = 4
_LEAST_CHAT: Final = 2

_NO_WORD: Final = re.compile(r"<(?:NUM|EMAIL|URL)>|https?://\S+|www\.\S+|(?<!\S)[^\s@]++@\S+")
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_TOKEN: Final = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*|&")
_ADDRESS: Final = re.compile(r"<(?:EMAIL|URL|NUM)>|<?(?:https?://|www\.)[^\s<>]++>?|<?[^\s<>@]++@[^\s<>@]++>?", re.I)
_NUMBER: Final = re.compile(r"\d")
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b|\d[/.-]\d\d\b")
_TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d")
_RULE: Final = re.compile(r"[-_=*~#—–─\s]{2,}")
_RULED: Final = " -_=*~#—–─>"
_DELIMITER: Final = frozenset(("--", "—", "–", "---"))
_FIELD: Final = re.compile(r"\*?([a-z][a-z -]{0,18}?) ?:(?!//)")
_STAMP: Final = re.compile(
    r"[\u200e\u200f]?(?:\[?\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?\s?m\.?)?\]?(?: -)?"
    r"|\[\d{1,2}:\d{2}(?:\s?[ap]\.?\s?m\.?)?, \d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}\]) "
)


@dataclass(frozen=True)
class _Line:
    """A line of a text, with its number, and what it is compared by."""

    number: int
    text: str

    @cached_property
    def folded(self) -> str:
        """The beginning in lower case, without accents, with single spaces."""
        start = self.text[:_READ].lower()
        if not start.isascii():
            parts = unicodedata.normalize("NFD", start)
            start = "".join(part for part in parts if not unicodedata.combining(part))
        return " ".join(start.split())

    @cached_property
    def bare(self) -> str:
        """The folded line without rules, signs and stops around it."""
        return self.folded.strip(f"{_RULED} .,;:!")

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see."""
        return not self.text or self.text.isspace()

    @property
    def quoted(self) -> bool:
        """Whether it begins with the sign of a quotation."""
        return self.text.lstrip().startswith(">")


Lines = Sequence[_Line]


def has_words(text: str) -> bool:
    """Tell whether the text holds a word: two letters in a row that are no mask and no address."""
    return _WORD.search(_NO_WORD.sub(" ", text)) is not None


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
    every = [_Line(number, text) for number, text in enumerate(texts)]
    lines: Lines = every
    for _ in range(_ROUNDS):
        left = _round(lines)
        if len(left) == len(lines):
            break
        lines = left
    else:
        return _numbers(every)
    return _numbers(lines if _says_something(lines, forwarded=_forwards(every)) else every)


def _numbers(lines: Lines) -> list[int]:
    """Return the numbers of the lines, without blank ones at the ends."""
    written = [place for place, line in enumerate(lines) if not line.blank]
    return [line.number for line in lines[written[0] : written[-1] + 1]] if written else [line.number for line in lines]


def _round(lines: Lines) -> Lines:
    """Drop everything that can be told now, and the blank lines beside it."""
    kept = lines
    for step in (_without_history, _without_company, _without_footers, _without_signature):
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
    phrases = _phrases()
    empty = [phrases.closing] + [phrases.thanks, phrases.greeting] * forwarded
    written = [line for line in lines if not line.blank]
    said = [line for line in written if has_words(line.text) and not any(p.fullmatch(line.bare) for p in empty)]
    name = next((place for place, line in enumerate(said) if _is_person(line)), len(said))
    if len(said) == len(written) == 1 or not all(_is_signature(line) for line in said[name:]):
        return True
    return name > 0


# --- History ---------------------------------------------------------------------------------------------------------


def _without_history(lines: Lines) -> Lines:
    """Drop quoted lines, the line that announces them, and all that follows a border that has no end."""
    kept: list[_Line] = []
    place = 0
    announced = False
    above: _Line | None = None
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


def _forwards(lines: Lines) -> bool:
    """Tell whether a forward is announced."""
    phrases = _phrases()
    return any(phrases.forward.search(line.folded) and _is_separator(line) for line in lines if not line.blank)


def _is_border(lines: Lines, place: int) -> bool:
    """Tell whether history without quotation signs begins here."""
    return _is_separator(lines[place]) or _is_header(lines, place)


def _is_separator(line: _Line) -> bool:
    """Recognise ``-----Mensaje original-----`` and "write above this line"."""
    if len(line.text) > _ATTRIBUTION_LENGTH:
        return False
    phrases = _phrases()
    if phrases.alone.fullmatch(line.bare) or phrases.reply_above.fullmatch(line.bare):
        return True
    return line.folded.startswith("--") and phrases.between_rules.fullmatch(line.bare) is not None


def _is_header(lines: Lines, place: int) -> bool:
    """Recognise a block ``De: / Enviado: / Para: / Asunto:``, also with blank or folded lines in it."""
    if _field(lines[place]) not in ("from", "sent"):
        return False
    found: set[str] = set()
    for line in lines[place : place + _HEADER_LINES]:
        name = _field(line)
        if name in found:
            break
        if name:
            found.add(name)
        elif not (line.blank or _ADDRESS.search(line.text[:_READ]) or line.text[:1].isspace()):
            break
    return len(found) >= _LEAST_FIELDS and "from" in found and "sent" in found


def _field(line: _Line) -> str | None:
    """Tell which header field a line holds."""
    match = _FIELD.match(line.folded)
    return _phrases().headers.get(match[1].strip()) if match else None


def _attribution(lines: Lines, place: int) -> int:
    """Return over how many lines "El lun, 3 mar 2025 a las 10:12, Ana escribió:" goes, 0 if there is none."""
    phrases = _phrases()
    first = lines[place].folded
    dated = phrases.begins.match(first) is not None
    if not (dated or _ISO.match(first) or any(verb in first for verb in phrases.says_wrote)):
        return 0
    joined = ""
    for length, line in enumerate(lines[place : place + _ATTRIBUTION_LINES], 1):
        if line.blank or line.quoted or (length > 1 and phrases.begins.match(line.folded)):
            break
        joined = f"{joined} {line.folded}".strip()
        if len(joined) > _ATTRIBUTION_LENGTH or not (_TIME.search(joined) or _YEAR.search(joined) or length == 1):
            break
        if _attributes(joined, dated=dated, quoted=_quotation_follows(lines, place + length)):
            return length
    return 0


def _attributes(joined: str, *, dated: bool, quoted: bool) -> bool:
    """Tell whether a folded text says who wrote when."""
    if not joined.endswith(":"):
        return False
    phrases = _phrases()
    address = "@" in joined or "<" in joined
    if _ISO.match(joined):
        return address
    tokens = joined[:-1].split()
    if dated:
        told = tokens[-1] not in phrases.says_wrote or tokens[-2] in phrases.tells_story
        return not told and (quoted or address or (_TIME.search(joined) is not None and "," in joined))
    after = phrases.wrote_when.search(joined)
    return after is not None and (address or quoted)


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


def _is_quotation(quoted: Lines, above: _Line | None) -> bool:
    """Tell a quotation without announcement from a list of the customer's and from "more than"."""
    if above and above.folded.endswith(":") and not _phrases().answers_below.search(above.folded):
        return False
    bodies = [body for line in quoted if has_words(body := line.text.strip("> \t"))]
    if len(bodies) == 1:
        return len(bodies[0].split()) > 1 and not bodies[0][0].isdigit()
    return bool(bodies)


def _without_rule(kept: Sequence[_Line]) -> Lines:
    """Drop the rule that Outlook draws above the headers."""
    end = len(kept)
    while end and (kept[end - 1].blank or _RULE.fullmatch(kept[end - 1].text)):
        end -= 1
    return kept[:end]


# --- Chats -----------------------------------------------------------------------------------------------------------


def _without_company(lines: Lines) -> Lines:
    """Drop what the company and the program say in an exported chat."""
    stamps = [_STAMP.match(line.text) if line.text[:2].strip() else None for line in lines]
    if sum(stamp is not None for stamp in stamps) < _LEAST_CHAT:
        return lines
    kept: list[_Line] = []
    away = False
    for line, stamp in zip(lines, stamps, strict=True):
        if stamp:
            away = _is_company(line.text[stamp.end() : _READ])
        if not away:
            kept.append(line)
    return kept


def _is_company(message: str) -> bool:
    """Tell whether a chat message has a sender that is no customer, or is a notice of the program."""
    phrases = _phrases()
    sender, colon, _ = message.partition(": ")
    folded = _Line(0, message).folded
    if phrases.notices.search(folded):
        return True
    return bool(colon) and not phrases.company_senders.isdisjoint(_tokens(_Line(0, sender).folded))


# --- Lines of programs -----------------------------------------------------------------------------------------------


def _without_footers(lines: Lines) -> Lines:
    """Drop what mail programs and scanners add, and a legal notice with all that follows it."""
    kept: list[_Line] = []
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


def _without_sender(lines: list[_Line]) -> list[_Line]:
    """Drop the name, or name and place, that a telephone puts above its own line, where a sentence stands above."""
    written = [place for place, line in enumerate(lines) if not line.blank]
    for size in (2, 1):
        if len(written) <= size or _stays_open(lines[written[-size - 1]]):
            continue
        name, *below = (lines[place] for place in written[-size:])
        if " " in name.bare and all(_is_bare_name(line) for line in (name, *below)):
            return lines[: written[-size]]
    return lines


def _is_bare_name(line: _Line) -> bool:
    """Tell whether a line is capitalised words and nothing else."""
    text = line.text.strip()
    return len(text) <= _SIGNATURE_LENGTH and text[-1].isalpha() and not _NUMBER.search(text) and _is_name(text)


def _is_footer(line: _Line) -> bool:
    """Recognise what a program adds in a line of its own."""
    return _is_device(line) or _phrases().footers.match(line.bare) is not None


def _is_address(line: _Line) -> bool:
    """Tell whether a line is nothing but a web or mail address."""
    return _ADDRESS.fullmatch(line.text.strip()[:_READ]) is not None


def _begins_notice(lines: Lines, place: int) -> bool:
    """Tell whether a confidentiality or data protection notice begins here."""
    phrases = _phrases()
    if not phrases.notice.match(lines[place].folded):
        return False
    return any(phrases.notice_words.search(line.folded) for line in lines[place : place + _NOTICE_LINES])


def _is_device(line: _Line) -> bool:
    """Recognise a line made only of the words of "Enviado desde mi iPhone", with or without an apology."""
    phrases = _phrases()
    if len(line.text) > _ATTRIBUTION_LENGTH:
        return False
    first, _, rest = _ADDRESS.sub(" ", line.folded).strip(_RULED).partition(". ")
    if rest and not phrases.apology.match(rest):
        return False
    tokens = _tokens(first)
    if not tokens or tokens[0] not in phrases.device_first or phrases.devices.isdisjoint(tokens):
        return False
    return all(token in phrases.device_words or _NUMBER.search(token) for token in tokens)


# --- Closings and signatures -----------------------------------------------------------------------------------------


def _without_signature(lines: Lines) -> Lines:
    """Drop closing formulas with the names, roles and addresses that follow, and what follows ``--``."""
    gone: set[int] = set()
    written = [line for line in lines if not line.blank]
    for place in range(1, len(written)):
        line = written[place]
        if line.number in gone:
            continue
        if line.text.strip() in _DELIMITER:
            away = _signature_after(written, place, mottos=True)
            gone.update(away and [line.number, *away])
        elif _is_closing(line):
            away = _signature_after(written, place)
            if away or place + 1 == len(written) or _phrases().postscript.match(written[place + 1].folded):
                gone.update([line.number, *away])
    for place, line in enumerate(written):
        if line.number not in gone and _phrases().thanks.fullmatch(line.bare):
            gone.update(_signature_after(written, place))
    return _without_name([line for line in lines if line.number not in gone])


def _signature_after(written: Lines, place: int, *, mottos: bool = False) -> list[int]:
    """Return the numbers of the signature's lines after ``place``, without those the customer refers to."""
    away: list[int] = []
    for line in written[place + 1 : place + 1 + _SIGNATURE_LINES]:
        if _is_reference(line):
            continue
        if _phrases().thanks.fullmatch(line.bare):
            break
        if not (_is_signature(line) or _is_closing(line) or (mottos and away and _is_motto(line))):
            break
        away.append(line.number)
    return away


def _without_name(lines: Lines) -> Lines:
    """Drop a name at the end, with the place and the numbers under it."""
    end = len(lines)
    top = place = end
    while place and (lines[place - 1].blank or _is_signature(lines[place - 1]) or _is_reference(lines[place - 1])):
        place -= 1
        if _is_person(lines[place]):
            top = place
    above = next((line for line in reversed(lines[:top]) if not line.blank), None)
    if top == end or above is None or _stays_open(above):
        return lines
    return [*lines[:top], *(line for line in lines[top:] if _is_reference(line))]


def _stays_open(line: _Line) -> bool:
    """Tell whether a sentence or a list goes on after this line."""
    if all(_phrases().greeting.fullmatch(part) for part in line.bare.split(", ")):
        return False
    tokens = _tokens(line.folded[-40:])
    return line.folded.endswith(":") or bool(
        tokens and line.folded[-1].isalpha() and tokens[-1] in _phrases().open_ends
    )


def _is_closing(line: _Line) -> bool:
    """Recognise "Saludos cordiales" and "Um abraço, Ana"."""
    if len(line.text) > _SIGNATURE_LENGTH:
        return False
    closing = _phrases().closing
    if all(closing.fullmatch(part.strip(" ,.")) for part in line.bare.split("/")):
        return True
    head, sign, name = line.text.strip().partition(",")
    if not sign:
        head, sign, name = line.text.strip().partition(". ")
    return bool(sign and closing.fullmatch(_Line(0, head).bare) and _is_name(name))


def _is_signature(line: _Line) -> bool:
    """Tell whether a line under a closing is a name, a role, a company, an address or a number to call."""
    text = line.text.strip()
    if len(text) > _SIGNATURE_LENGTH or line.quoted:
        return False
    phrases = _phrases()
    left = _ADDRESS.sub(" ", text)
    tokens = _tokens(_Line(0, left).folded)
    words = [token for token in tokens if not token[0].isdigit() and token not in phrases.contact]
    if not words:
        return bool(tokens or left != text) or _RULE.fullmatch(text) is not None
    if len(words) > _SIGNATURE_WORDS or (text[0].islower() and tokens[0] not in phrases.contact):
        return False
    if words[0] in phrases.roles | phrases.streets or not phrases.company.isdisjoint(words):
        return not text.endswith(("!", "?")) and len(words) <= _SIGNATURE_WORDS
    return _is_name(left, most=_SIGNATURE_WORDS)


def _is_reference(line: _Line) -> bool:
    """Recognise "Pedido 4471"."""
    return _phrases().references.match(line.folded) is not None and _NUMBER.search(line.text[:_READ]) is not None


def _is_motto(line: _Line) -> bool:
    """Tell whether a line between those of a signature is too short for a sentence."""
    text = line.text.strip()
    return len(text.split()) < _MOTTO_WORDS and not text[0].islower() and not text.endswith((*".!?:", "…"))


def _is_person(line: _Line) -> bool:
    """Tell whether a line is nothing but the name of a person."""
    name, _, _ = line.text.partition("|")
    if len(line.text) > _SIGNATURE_LENGTH or _NUMBER.search(name):
        return False
    tokens = _tokens(line.folded)
    return bool(tokens) and tokens[0] in _phrases().first_names and _is_name(name)


def _is_name(text: str, most: int = _NAME_WORDS) -> bool:
    """Tell whether a text is at most ``most`` capitalised words, with particles, that make no sentence."""
    phrases = _phrases()
    text = text.strip(f"{_RULED} ,")
    words = _TOKEN.findall(text)
    if not 0 < len(words) <= most or text.endswith(("!", "?", ":", "…")):
        return False
    if text.isupper() and len(words) > 1 and any(len(word) > _ACRONYM and word.isalpha() for word in words):
        return _Line(0, words[0]).folded in phrases.first_names
    return all(word[0].isupper() or word[0].isdigit() or word.lower() in phrases.name_words for word in words)


def _tokens(folded: str) -> list[str]:
    """Split a folded text into words, without the dots inside ("s.l." and "sl" are one)."""
    return [token.replace(".", "") for token in _TOKEN.findall(folded)]


# --- The lexicon -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The phrases of ``lexicon/quoting.toml``, compiled."""

    between_rules: re.Pattern[str]
    alone: re.Pattern[str]
    forward: re.Pattern[str]
    reply_above: re.Pattern[str]
    begins: re.Pattern[str]
    wrote_when: re.Pattern[str]
    answers_below: re.Pattern[str]
    says_wrote: frozenset[str]
    tells_story: frozenset[str]
    headers: Mapping[str, str]
    company_senders: frozenset[str]
    notices: re.Pattern[str]
    device_first: frozenset[str]
    devices: frozenset[str]
    device_words: frozenset[str]
    apology: re.Pattern[str]
    footers: re.Pattern[str]
    notice: re.Pattern[str]
    notice_words: re.Pattern[str]
    closing: re.Pattern[str]
    thanks: re.Pattern[str]
    greeting: re.Pattern[str]
    postscript: re.Pattern[str]
    roles: frozenset[str]
    company: frozenset[str]
    contact: frozenset[str]
    streets: frozenset[str]
    name_words: frozenset[str]
    references: re.Pattern[str]
    open_ends: frozenset[str]
    first_names: frozenset[str]


@lru_cache(maxsize=1)
def _phrases() -> _Phrases:
    """Read the lexicon once."""
    source = files("classifier").joinpath("lexicon/quoting.toml").read_text(encoding="utf-8")
    lexicon = tomllib.loads(source)
    history, device, closing, signature = (lexicon[name] for name in ("history", "device", "closing", "signature"))
    verbs = "|".join(history["says_wrote"])
    days = history["days"].replace("\n", "")
    return _Phrases(
        between_rules=_pattern(history["between_rules"]),
        alone=_pattern(history["alone"]),
        forward=_pattern(history["forward"]),
        reply_above=_pattern(history["reply_above"]),
        begins=re.compile(rf"{history['begins']},? (?:\d|(?:{days}))"),
        wrote_when=re.compile(rf"\b(?:{verbs})\b (?:el|em|no dia|on|\().{{0,80}}{_TIME.pattern}"),
        answers_below=_pattern(history["answers_below"]),
        says_wrote=frozenset(history["says_wrote"]),
        tells_story=frozenset(history["tells_story"]),
        headers=_turn_round(history["headers"]),
        company_senders=frozenset(lexicon["chat"]["company"]),
        notices=_pattern(lexicon["chat"]["notices"]),
        device_first=frozenset(device["first"]),
        devices=frozenset(device["devices"]),
        device_words=frozenset([*device["first"], *device["devices"], *device["filling"]]),
        apology=_pattern(device["apology"]),
        footers=_pattern(lexicon["footers"]["patterns"]),
        notice=_pattern(lexicon["legal"]["begins"]),
        notice_words=_pattern(lexicon["legal"]["words"]),
        closing=_pattern(closing["patterns"]),
        thanks=_pattern(closing["thanks"]),
        greeting=_pattern(closing["greetings"]),
        postscript=_pattern(closing["postscript"]),
        roles=frozenset(signature["roles"]),
        company=frozenset(signature["company"]),
        contact=frozenset(signature["contact"]),
        streets=frozenset(signature["streets"]),
        name_words=frozenset([*signature["particles"], *signature["contact"]]),
        references=_pattern(signature["references"]),
        open_ends=frozenset(signature["open_ends"]),
        first_names=frozenset(signature["first_names"]),
    )


def _pattern(source: str) -> re.Pattern[str]:
    """Compile alternatives that may go over several lines."""
    alternatives = source.replace("\n", "")
    return re.compile(f"(?:{alternatives})")


def _turn_round(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Map every spelling of a header field to what it holds."""
    return {spelling: field for field, spellings in names.items() for spelling in spellings}
