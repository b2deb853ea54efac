"""No pattern that reads strangers' words takes more than a moment for the longest text there may be."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, Final

import pytest

import api
import classifier
from api.channels.email.mime import parse, read
from classifier.evidence import sentences
from classifier.facts import extract_facts
from classifier.limits import MAX_CHARACTERS
from classifier.markup import strip_markup
from classifier.preprocessing import preprocess
from classifier.quoting import own_words
from classifier.redaction import redact

LEFT_OUT: Final = ("api.commands", "api.demo", "api.store.migrations", "api.workflow", "classifier.spark")
SECONDS: Final = 0.5
PIECES: Final = (
    " ", "\n", "\t", "a", "A", "á", "1", "0", ".", ",", "-", "_", "/", ":", "@", "<", ">", "&", "(", "$", "'", '"', "=",
    ">\n", " \n", "a ", "A ", "a.", "1.", "1 ", "1-", "a@", "a-", "<a ", "<!--", "&amp;", "http://", "\r\n", "--", "> ",
    "calle ", "nº ", "de ", "\u200b", "=?a?q?", "[", "[1]", "a\n", "\u00a0",
)  # fmt: skip


def within(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    """Yield the patterns that a value holds."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth < 4:
        inside: Any = ()
        if isinstance(value, Mapping):
            inside = [*value.keys(), *value.values()]
        elif isinstance(value, Sequence | Set) and not isinstance(value, str | bytes):
            inside = value if len(value) < 2000 else ()
        elif is_dataclass(value) and not isinstance(value, type):
            inside = [getattr(value, one.name, None) for one in fields(value)]
        for one in inside:
            yield from within(one, depth + 1)


def patterns() -> dict[re.Pattern[str], bool]:
    """Return the compiled patterns of all modules, and whether they are looked for at every place of a text."""
    found: dict[re.Pattern[str], bool] = {}
    for package in (api, classifier):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.startswith(LEFT_OUT):
                continue
            module = importlib.import_module(info.name)
            source = inspect.getsource(module)
            for name, value in vars(module).items():
                begins = f"{name}.match(" in source or f"{name}.fullmatch(" in source
                searched = not begins or bool(re.search(rf"\b{name}\.(?:search|sub|subn|split|find)", source))
                for pattern in within(value):
                    found[pattern] = found.get(pattern, False) or searched
    return found


PARSER: Any = importlib.import_module("re._parser")
COMPILER: Any = importlib.import_module("re._compiler")
CHARACTERS: Final = " \n\ta1.,-:@<>/\"'([=&_Aá#"
ENDINGS: Final = ("\x01", "\t\x01")
MANY: Final = 50


def inside(kind: str, held: Any) -> list[Any]:
    """Return the parsed patterns that one element of a parsed pattern is made of."""
    if kind.endswith("_REPEAT"):
        return [held[2]]
    if kind in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return [held[-1]]
    if kind == "BRANCH":
        return list(held[1])
    return [held] if kind == "ATOMIC_GROUP" else []


def shortest(items: Any) -> str:
    """Return some short text that a parsed pattern takes, as far as that is easily said."""
    text = ""
    for element in items:
        kind, held = element[0].name, element[1]
        if kind == "LITERAL":
            text += chr(held)
        elif kind in ("IN", "ANY", "NOT_LITERAL"):
            text += next(iter(taken_alone(PARSER.SubPattern(items.state, [element]))), "")
        elif not kind.startswith("ASSERT"):
            text += "".join(map(shortest, inside(kind, held)[:1])) * (held[0] if kind.endswith("_REPEAT") else 1)
    return text


def taken_alone(items: Any) -> list[str]:
    """Return the characters that a parsed pattern takes."""
    pattern = COMPILER.compile(items)
    return [character for character in CHARACTERS if pattern.fullmatch(character)]


def runs(items: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what leads to each place where a parsed pattern repeats itself, and a character that it repeats there."""
    for element in items:
        kind, held = element[0].name, element[1]
        if kind.endswith("_REPEAT") and held[1] >= MANY:
            yield from ((before, character) for character in taken_alone(held[2]))
        for part in inside(kind, held):
            yield from runs(part, before)
        before += shortest(PARSER.SubPattern(items.state, [element]))


@pytest.fixture(scope="module")
def found() -> dict[re.Pattern[str], bool]:
    return patterns()


def taken(run: Any) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def test_every_pattern_reads_the_longest_text_at_once(found: dict[re.Pattern[str], bool]) -> None:
    slow = {}
    for pattern, searched in found.items():
        for piece in PIECES:
            text = piece * (MAX_CHARACTERS // len(piece)) + "\x01"
            seconds = taken(partial(pattern.search if searched else pattern.fullmatch, text))
            if seconds > SECONDS:
                slow[pattern.pattern[:80], piece] = seconds
                break

    assert len(found) > 80
    assert slow == {}


def slow_runs(pattern: re.Pattern[str], look: Any) -> dict[tuple[str, str, str], float]:
    """Return what takes a pattern long: how it begins, what it repeats, how it ends."""
    slow = {}
    for before, character in dict.fromkeys(runs(PARSER.parse(pattern.pattern, pattern.flags))):
        for ending in ENDINGS:
            seconds = taken(partial(look, before + character * MAX_CHARACTERS + ending))
            if seconds > SECONDS:
                slow[before, character, ending] = seconds
    return slow


def test_every_pattern_reads_the_longest_run_at_once_wherever_it_begins(found: dict[re.Pattern[str], bool]) -> None:
    slow = {
        pattern.pattern[:80]: seconds
        for pattern, searched in found.items()
        if (seconds := slow_runs(pattern, pattern.search if searched else pattern.match))
    }

    assert slow == {}


READERS: Final = {
    "markup": strip_markup,
    "quoting": own_words,
    "personal data": redact,
    "preprocessing": preprocess,
    "sentences": lambda text: sentences(text, "es"),
    "facts": lambda text: extract_facts(text, "es"),
    "mail": lambda text: read(parse(b"Subject: a\r\n\r\n" + text.encode()), b"x"),
}


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_text_takes_time_by_its_length(name: str) -> None:
    """Four times the text takes about four times the time, whatever it repeats; a square would be sixteen times."""
    reader = READERS[name]
    reader("Llegó roto.")
    slow = {}
    for piece in PIECES[::3]:
        quarter, whole = (piece * (size // len(piece)) for size in (MAX_CHARACTERS // 8, MAX_CHARACTERS // 2))
        seconds = min(taken(partial(reader, whole)) for _ in range(2))
        if seconds > SECONDS and seconds > 8 * max(taken(partial(reader, quarter)), 0.02):
            slow[piece] = seconds

    assert slow == {}


def test_a_slow_pattern_would_be_noticed(found: dict[re.Pattern[str], bool]) -> None:
    assert taken(lambda: re.search(r"(a+)+$", "a" * 22 + "!")) > 10 * taken(lambda: re.search(r"a+$", "a" * 22 + "!"))
    assert any("blockquote" in pattern.pattern for pattern in found)
