import re
from pathlib import Path

import pytest

from api.console.names import Names
from classifier.taxonomy import TASKS

DOCS = Path(__file__).parents[3] / "docs"
BOOKS = {"es": DOCS / "es" / "codebook.md", "pt": DOCS / "pt" / "codebook.md", "en": DOCS / "codebook.md"}


def rules_in(book: str) -> dict[tuple[str, str], str]:
    """Return the column of tests of a codebook, by task and label."""
    sections = re.split(r"^## \d+\. `(\w+)`", book, flags=re.MULTILINE)[1:]
    rows = r"^\| `(\w+)` \| [^|]* \| [^|]* \| ([^|]*) \|$"
    return {
        (task, label): told.strip().replace("*", "")
        for task, section in zip(sections[::2], sections[1::2], strict=True)
        for label, told in re.findall(rows, section, flags=re.MULTILINE)
    }


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_the_rule_at_hand_is_the_codebooks(language: str) -> None:
    told = rules_in(BOOKS[language].read_text(encoding="utf-8"))
    assert set(told) == {(task.id, label) for task in TASKS for label in task.label_ids}
    names = Names(language)
    assert {place: names.rule(*place) for place in told} == told
