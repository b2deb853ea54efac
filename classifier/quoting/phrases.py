"""The phrases of ``lexicon/quoting.toml``, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from classifier.quoting.lines import TIME


@dataclass(frozen=True, slots=True)
class Phrases:
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
def read_phrases() -> Phrases:
    """Read the lexicon once."""
    source = files("classifier").joinpath("lexicon/quoting.toml").read_text(encoding="utf-8")
    lexicon = tomllib.loads(source)
    history, device, closing, signature = (lexicon[name] for name in ("history", "device", "closing", "signature"))
    verbs = "|".join(history["says_wrote"])
    days = history["days"].replace("\n", "")
    return Phrases(
        between_rules=_pattern(history["between_rules"]),
        alone=_pattern(history["alone"]),
        forward=_pattern(history["forward"]),
        reply_above=_pattern(history["reply_above"]),
        begins=re.compile(rf"{history['begins']},? (?:\d|(?:{days}))"),
        wrote_when=re.compile(rf"\b(?:{verbs})\b (?:el|em|no dia|on|\().{{0,80}}{TIME.pattern}"),
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
