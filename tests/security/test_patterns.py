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
from classifier.inference import MAX_CHARACTERS
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
