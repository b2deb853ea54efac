"""What stands around a message without being said by it: a signature, a quoted thread, orders to a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.robustness.lists import Chance, read
from training.robustness.probes import fill


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sentence that tells the reader, taken for a machine, which ``label`` of ``task`` to give."""

    language: str
    text: str
    task: str
    label: str | bool


def with_signature(text: str, language: str, chance: Chance) -> str:
    """Append a signature with address and legal notice, or that of a telephone."""
    return text + "\n" + fill(_draw(read("surroundings")["signatures"][language], chance).strip("\n"), language, chance)


def with_thread(text: str, language: str, chance: Chance) -> str:
    """Append an earlier exchange that complains of nothing, quoted as mail programs do."""
    return text + fill(_draw(read("surroundings")["threads"][language], chance), language, chance)


def with_prompt(text: str, language: str, chance: Chance) -> str:
    """Append an order to classify the message in some way."""
    return f"{text}\n{_draw([prompt.text for prompt in prompts(language)], chance)}"


def prompts(language: str) -> list[Prompt]:
    """List the orders in one language."""
    return [
        Prompt(item["lang"], item["text"], item["demand"]["task"], item["demand"]["label"])
        for item in read("surroundings")["prompts"]
        if item["lang"] == language
    ]


def _draw(options: Sequence[str], chance: Chance) -> str:
    return options[int(chance.integers(len(options)))]
