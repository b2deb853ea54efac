"""Closing formulas, and the names, roles and addresses under them."""

from __future__ import annotations

import re
from typing import Final

from classifier.quoting.lines import ADDRESS, NUMBER, READ, RULE, RULED, SIGNATURE_LENGTH, TOKEN, Line, Lines, tokens_of
from classifier.quoting.phrases import read_phrases

_SIGNATURE_LINES: Final = 20
_SIGNATURE_WORDS: Final = 12
_NAME_WORDS: Final = 6
_MOTTO_WORDS: Final = 9
_ACRONYM: Final = 4
_PARTS: Final = re.compile(r"[,.;:/!¡…]+")
_DELIMITER: Final = frozenset(("--", "—", "–", "---"))


def without_signature(lines: Lines) -> Lines:
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
            if away or place + 1 == len(written) or read_phrases().postscript.match(written[place + 1].folded):
                gone.update([line.number, *away])
    for place, line in enumerate(written):
        if line.number not in gone and read_phrases().thanks.fullmatch(line.bare):
            gone.update(_signature_after(written, place))
    return _without_name([line for line in lines if line.number not in gone])


def _signature_after(written: Lines, place: int, *, mottos: bool = False) -> list[int]:
    """Return the numbers of the signature's lines after ``place``, without those the customer refers to."""
    away: list[int] = []
    for line in written[place + 1 : place + 1 + _SIGNATURE_LINES]:
        if _is_reference(line):
            continue
        if read_phrases().thanks.fullmatch(line.bare):
            break
        if not (is_signature(line) or _is_closing(line) or (mottos and away and _is_motto(line))):
            break
        away.append(line.number)
    return away


def _without_name(lines: Lines) -> Lines:
    """Drop a name at the end, with the place and the numbers under it."""
    end = len(lines)
    top = place = end
    while place and (lines[place - 1].blank or is_signature(lines[place - 1]) or _is_reference(lines[place - 1])):
        place -= 1
        if is_person(lines[place]):
            top = place
    above = next((line for line in reversed(lines[:top]) if not line.blank), None)
    if top == end or above is None or stays_open(above):
        return lines
    return [*lines[:top], *(line for line in lines[top:] if _is_reference(line))]


def stays_open(line: Line) -> bool:
    """Tell whether a sentence or a list goes on after this line."""
    if all(read_phrases().greeting.fullmatch(part) for part in line.bare.split(", ")):
        return False
    tokens = tokens_of(line.folded[-40:])
    return line.folded.endswith(":") or bool(
        tokens and line.folded[-1].isalpha() and tokens[-1] in read_phrases().open_ends
    )


def _is_closing(line: Line) -> bool:
    """Recognise "Saludos cordiales" and "Um abraço, Ana"."""
    if len(line.text) > SIGNATURE_LENGTH:
        return False
    closing = read_phrases().closing
    if all(closing.fullmatch(part.strip(" ,.")) for part in line.bare.split("/")):
        return True
    head, sign, name = line.text.strip().partition(",")
    if not sign:
        head, sign, name = line.text.strip().partition(". ")
    return bool(sign and closing.fullmatch(Line(0, head).bare) and is_name(name))


def is_signature(line: Line) -> bool:
    """Tell whether a line under a closing is a name, a role, a company, an address or a number to call."""
    text = line.text.strip()
    if len(text) > SIGNATURE_LENGTH or line.quoted:
        return False
    phrases = read_phrases()
    left = ADDRESS.sub(" ", text)
    tokens = tokens_of(Line(0, left).folded)
    words = [token for token in tokens if not token[0].isdigit() and token not in phrases.contact]
    if not words:
        return bool(tokens or left != text) or RULE.fullmatch(text) is not None
    if len(words) > _SIGNATURE_WORDS or (text[0].islower() and tokens[0] not in phrases.contact):
        return False
    if words[0] in phrases.roles | phrases.streets or not phrases.company.isdisjoint(words):
        return not text.endswith(("!", "?")) and len(words) <= _SIGNATURE_WORDS
    return is_name(left, most=_SIGNATURE_WORDS)


def _is_reference(line: Line) -> bool:
    """Recognise "Pedido 4471"."""
    return read_phrases().references.match(line.folded) is not None and NUMBER.search(line.text[:READ]) is not None


def _is_motto(line: Line) -> bool:
    """Tell whether a line between those of a signature is too short for a sentence."""
    text = line.text.strip()
    return len(text.split()) < _MOTTO_WORDS and not text[0].islower() and not text.endswith((*".!?:", "…"))


def is_person(line: Line) -> bool:
    """Tell whether a line is nothing but the name of a person."""
    name, _, _ = line.text.partition("|")
    if len(line.text) > SIGNATURE_LENGTH or NUMBER.search(name):
        return False
    tokens = tokens_of(line.folded)
    return bool(tokens) and tokens[0] in read_phrases().first_names and is_name(name)


def is_civility(text: str) -> bool:
    """Tell whether a sentence is nothing but a greeting, thanks or a farewell, with the name that it may have.

    "Bom dia.", "Hola Ana, muchas gracias", "Um abraço, Rui"; not "Gracias por nada".
    """
    if len(text) > SIGNATURE_LENGTH:
        return False
    parts = [part.strip() for part in _PARTS.split(text) if part.strip()]
    if parts and _is_formula(" ".join(parts)):
        return True
    civil = [_is_formula(part) for part in parts]
    return any(civil) and all(a or (is_name(part) and not part.isupper()) for a, part in zip(civil, parts, strict=True))


def _is_formula(part: str) -> bool:
    """Recognise "Buenas tardes", "Obrigada", "Atentamente" and "Olá Nova"."""
    phrases, words = read_phrases(), part.split()
    if any(each.fullmatch(Line(0, part).bare) for each in (phrases.greeting, phrases.thanks, phrases.closing)):
        return True
    return any(
        phrases.greeting.fullmatch(Line(0, " ".join(words[:place])).bare) is not None
        and is_name(name := " ".join(words[place:]))
        and not name.isupper()
        for place in range(1, len(words))
    )


def is_name(text: str, most: int = _NAME_WORDS) -> bool:
    """Tell whether a text is at most ``most`` capitalised words, with particles, that make no sentence."""
    phrases = read_phrases()
    text = text.strip(f"{RULED} ,")
    words = TOKEN.findall(text)
    if not 0 < len(words) <= most or text.endswith(("!", "?", ":", "…")):
        return False
    if text.isupper() and len(words) > 1 and any(len(word) > _ACRONYM and word.isalpha() for word in words):
        return Line(0, words[0]).folded in phrases.first_names
    return all(word[0].isupper() or word[0].isdigit() or word.lower() in phrases.name_words for word in words)
