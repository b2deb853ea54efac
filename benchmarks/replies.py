"""Does a reply read the same with its quoted history below it? ``python -m benchmarks.replies``.

Messages of the project's own corpora are put into mails, once alone and once above the histories, signatures and
notices of ``tests/golden/quoting.jsonl``; both mails go the whole way, from bytes to labels. Prints the share of pairs
with equal labels, and with equal text, and ends with status 1 below 98 %.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from api.channels.email import mime
from api.channels.email.tagging import tags_of
from classifier import ComplaintClassifier

ROOT = Path(__file__).parents[1]
CORPORA = ("es-es.jsonl", "es-la.jsonl", "pt-br.jsonl", "pt-pt.jsonl")
LEAST = 0.98


def histories(language: str) -> list[str]:
    """Return what stands below the message in the golden mails of a language."""
    found = []
    for line in (ROOT / "tests/golden/quoting.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        below = case["text"].removeprefix(case["expected"])
        if case["name"].startswith(language) and below and below != case["text"]:
            found.append(below)
    return found


def replies(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield messages, and what is put below each."""
    chance = random.Random(seed)
    lines = [line for name in CORPORA for line in (ROOT / "training/corpora" / name).read_text("utf-8").splitlines()]
    for line in chance.sample(lines, min(count, len(lines))):
        record = json.loads(line)
        yield record["text"], chance.choice(histories(record["lang"]))


def read(text: str) -> str:
    """Send a text through a mail; return what is read of it."""
    message = EmailMessage()
    message["From"] = "Marta <marta@example.com>"
    message["Subject"] = "Re: Pedido"
    message["Message-ID"] = "<1@example.com>"
    message.set_content(text)
    raw = message.as_bytes()
    return mime.read(mime.parse(raw), raw).text


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pairs = [(read(text), read(text + below)) for text, below in replies(options.count, options.seed)]
    model = ComplaintClassifier.from_pretrained()
    alone, below = (list(map(tags_of, model.predict(list(texts)))) for texts in zip(*pairs, strict=True))
    same = sum(one == two for one, two in zip(alone, below, strict=True)) / len(pairs)
    text = sum(one == two for one, two in pairs) / len(pairs)
    print(f"{len(pairs)} pairs: equal labels {same:.1%}, equal text {text:.1%}")
    sys.exit(same < LEAST)


if __name__ == "__main__":
    main()
