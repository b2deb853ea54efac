"""Count how words are written: ``python -m training.spelling --data FOLDER``.

Writes ``classifier/lexicon/spelling.txt.gz``, which ``classifier.neutral`` reads, from the written messages and, where
they are there, the real ones in FOLDER (``train.jsonl``, ``unlabelled.jsonl.gz``), without those held out. What is kept
of them are single words that stand in several messages; names of people are taken out first, and what is mostly written
as a name is kept only if it stands in many.
"""

from __future__ import annotations

import argparse
import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classifier.errors import InputError
from classifier.neutral import one_name
from classifier.neutral.spelling import slips
from classifier.ngrams import fold
from classifier.preprocessing import preprocess
from classifier.taxonomy import LANGUAGES
from training.corpus import read_rows, real_corpora

__all__ = ["Count", "lines", "read_messages"]

_CORPORA: Final = Path(__file__).parent / "corpora"
_TARGET: Final = Path(__file__).parents[1] / "classifier" / "lexicon" / "spelling.txt.gz"
_WORD: Final = re.compile(r"<(?:NUM|EMAIL|URL)>|[@#]\w+|[^\W\d_]+")
_BEGINS: Final = re.compile(r"""[.!?…:;"“«(*>¡¿–-]\s*$|\n\s*$|^\s*$""")
_FEWEST: Final = 2
"""Messages that a word must be in."""

_FEWEST_NAMED: Final = 20
"""Messages that a word must be in that is mostly written with a capital."""

_LONGEST: Final = 24
_SHOUTED: Final = 0.25
_ACCENTED: Final = 0.3
"""Share of its writings from which an accent is taken to be right: many leave them out, few put them in."""

_SLIP_SHARE: Final = 60
_SLIP_COUNT: Final = 12
_SLIP_ENDINGS: Final = {0.0: 1, 1.0: 1, 1.5: 2, 3.0: 2}
"""A rare word is a slip itself if one this many times as frequent is near, with so many last letters the same by what
the slip costs: words of one verb differ in those."""


@dataclass(slots=True)
class Count:
    """How words, by their letters, are written: forms and messages by language, capitals inside sentences."""

    forms: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: {language: defaultdict(Counter) for language in LANGUAGES}
    )
    messages: dict[str, Counter[str]] = field(default_factory=lambda: {language: Counter() for language in LANGUAGES})
    capital: Counter[str] = field(default_factory=Counter)
    small: Counter[str] = field(default_factory=Counter)
    shouted: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, language: str) -> None:
        """Count the words of a text."""
        found = [match for match in _WORD.finditer(text) if match[0][0] not in "<@#"]
        letters = "".join(match[0] for match in found)
        quiet = sum(map(str.isupper, letters)) <= _SHOUTED * len(letters)
        for match in found:
            word, key = match[0], fold(match[0])
            self.forms[language][key][word.lower()] += 1
            if not quiet:
                continue
            if word.isupper() and len(word) > 1:
                self.shouted[key] += 1
            elif not _BEGINS.search(text, max(0, match.start() - 3), match.start()) and match.start():
                (self.capital if word[0].isupper() else self.small)[key] += 1
        self.messages[language].update({fold(match[0]) for match in found})

    def total(self, key: str) -> int:
        """Return how many messages have a word."""
        return sum(messages[key] for messages in self.messages.values())


def read_messages(data: Path | None, corpora: Path = _CORPORA) -> Iterator[tuple[str, str]]:
    """Yield text and language of the messages that are there, but for those that figures are measured on."""
    held = {str(row["id"]) for _, row in read_rows(corpora / "standoff" / "pool-held-out.jsonl")}
    paths = [path for path in sorted(corpora.glob("*.jsonl")) if path.name != "validation.jsonl"]
    if data is not None:
        paths += real_corpora(data)
    for path in paths:
        for _, row in read_rows(path):
            if str(row["id"]) not in held:
                yield str(row["text"]), str(row.get("lang", row.get("language")))


def lines(count: Count) -> Iterator[str]:
    """Yield a line a word: form and messages, as a power of two, in Spanish, the same in Portuguese."""
    for key in sorted(set().union(*count.messages.values())):
        fewest = _FEWEST_NAMED if _is_name(count, key) else _FEWEST
        if (
            not key.isalpha()
            or len(key) > _LONGEST
            or max(messages[key] for messages in count.messages.values()) < fewest
        ):
            continue
        if not _is_slip(count, key):
            yield "\t".join(
                f"{_form(count, key, language)}\t{math.log2(count.messages[language][key] + 0.5):.1f}"
                for language in LANGUAGES
            )


def _is_name(count: Count, key: str) -> bool:
    return count.capital[key] >= 2 and count.capital[key] > 5 * count.small[key]


def _is_slip(count: Count, key: str) -> bool:
    if len(key) < 5 or not key.isascii() or count.total(key) > _SLIP_COUNT:
        return False
    much = _SLIP_SHARE * count.total(key)
    return any(
        count.total(word) >= much and word[-letters:] == key[-letters:]
        for word, cost in slips(key)
        if (letters := _SLIP_ENDINGS.get(cost))
    )


def _form(count: Count, key: str, language: str) -> str:
    """Return how a word is written in a language, empty if it isn't."""
    if not count.messages[language][key]:
        return ""
    forms = count.forms[language][key].most_common(2)
    form, total = forms[0][0], sum(count.forms[language][key].values())
    if len(forms) > 1 and form.isascii() and not forms[1][0].isascii() and forms[1][1] >= _ACCENTED * total:
        form = forms[1][0]
    if count.shouted[key] >= 3 and count.shouted[key] > 2 * count.small[key]:
        return form.upper()
    return form[0].upper() + form[1:] if _is_name(count, key) else form


def _counted(messages: Iterable[tuple[str, str]]) -> Count:
    count = Count()
    for text, language in messages:
        if language in LANGUAGES:
            count.add(one_name(preprocess(text)), language)
    return count


def main(arguments: list[str] | None = None) -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(prog="python -m training.spelling", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder with train.jsonl and unlabelled.jsonl.gz")
    parser.add_argument("--output", type=Path, default=_TARGET, help="where to write (default: the shipped list)")
    given = parser.parse_args(arguments)
    try:
        words = list(lines(_counted(read_messages(given.data))))
    except InputError as error:
        parser.error(str(error))
    given.output.write_bytes(gzip.compress("\n".join(words).encode("utf-8"), 9, mtime=0))
    print(f"{len(words)} words, {given.output.stat().st_size // 1024} kB: {given.output}")  # noqa: T201


if __name__ == "__main__":
    main()
