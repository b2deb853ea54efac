"""Every block of code is run by a test, read by the product, or says why neither can be; in every language alike."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.blocks import REASONS, ROOT, Block, blocks, every_page, same
from tests.docs.data import READ, read
from tests.docs.followed import FOLLOWED

PRINTED = ("text",)
RUN_ELSEWHERE = ("sql",)
"""``tests/api/test_dashboards.py`` makes the role on a PostgreSQL."""


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _english(page: Path) -> Path:
    """Return the page of which this is a translation, itself if it is none."""
    inside = page.relative_to(ROOT)
    plain = re.sub(r"\.(es|pt)\.md$", ".md", re.sub(r"^docs/(es|pt)/", "docs/", inside.as_posix()))
    return ROOT / plain


def _language(page: Path) -> str:
    found = re.search(r"^docs/(es|pt)/|\.(es|pt)\.md$", _name(page))
    return next(filter(None, found.groups())) if found else "en"


def _is_taken_care_of(block: Block, page: str) -> bool:
    """Say whether a test runs a block of that page or reads it, or it says why none does."""
    if block.needs is not None:
        return block.needs in REASONS
    if block.is_typed or block.is_program:
        return page in FOLLOWED
    is_read = block.kind in READ and (block.kind != "python" or block.part == "taxonomy")
    is_saved = block.title is not None and page in FOLLOWED
    return is_read or is_saved or block.kind in (*PRINTED, *RUN_ELSEWHERE)


PAGES = [page for page in every_page() if blocks(page)]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=_name)
TRANSLATIONS = [page for page in PAGES if _english(page) != page]


@EVERY_PAGE
def test_every_block_is_run_or_read_or_says_why_not(page: Path) -> None:
    english = _name(_english(page))

    assert [block.code for block in blocks(page) if not _is_taken_care_of(block, english)] == []


@pytest.mark.parametrize("page", every_page(), ids=_name)
def test_no_block_is_written_so_that_tests_pass_over_it(page: Path) -> None:
    fences = re.findall(r"^\s*(?:```|~~~).*$", page.read_text("utf-8"), flags=re.M)

    assert len(fences) == 2 * len(blocks(page))


@EVERY_PAGE
def test_what_is_no_command_is_read_by_the_product(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, *READ):
        if block.needs is None and (block.kind != "python" or block.part is not None):
            assert read(block, tmp_path) is not None


@pytest.mark.parametrize("page", TRANSLATIONS, ids=_name)
def test_a_translation_has_the_blocks_of_the_page_that_is_followed(page: Path) -> None:
    language = _language(page)

    translated, english = blocks(page), blocks(_english(page))

    assert [same(block, language) for block in translated] == [same(block, "en") for block in english]


def test_every_page_is_translated_that_should_be() -> None:
    guides = [page for page in PAGES if page.parent.name in ("guides", "tutorials") and _english(page) == page]

    assert Counter(map(_english, TRANSLATIONS)) >= Counter(dict.fromkeys(guides, 2))


@pytest.mark.parametrize("page", FOLLOWED)
def test_what_is_followed_has_something_to_run(page: str) -> None:
    assert [block for block in blocks(ROOT / page) if (block.is_typed or block.is_program) and block.needs is None]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_given_somewhere(reason: str) -> None:
    assert reason in {block.needs for page in PAGES for block in blocks(page)}


@pytest.mark.parametrize(
    "block",
    [
        Block("sh", "recupera divine\n"),
        Block("python", "import divine\n"),
        Block("rust", "fn main() {}\n"),
        Block("sh", "recupera divine\n", needs="luck"),
        Block("python", "answer()\n", title="divine.py"),
    ],
)
def test_a_block_that_nothing_takes_care_of_is_noticed(block: Block) -> None:
    assert not _is_taken_care_of(block, "docs/divine.md")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("toml", "[divine]\na = 1\n"),
        ("toml", "[alerts]\ndivine = 1\n"),
        ("toml", '[[rule]]\nid = "divine"\n'),
        ("toml", "[optimizer]\ndivine = 1\n"),
        ("toml", '[[inbox]]\nname = "soporte"\n'),
        ("json", '{"specversion": "1.0", "type": "case.divined"}'),
        ("json", '{"divine": 1}'),
        ("jsonl", '{"id": "1", "text": "No llegó.", "labels": {"motive": ["divination"]}}\n'),
        ("yaml", "scrape_configs: [{job_name: a, metrics_path: /divine, static_configs: []}]"),
        ("ini", "DIVINE=1\n"),
        ("ini", "[Unit]\n"),
        ("python", "1,"),
    ],
)
def test_what_the_product_does_not_take_is_noticed(kind: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r".*"):
        read(Block(kind, code), tmp_path)


def test_a_translation_may_change_comments_and_what_customers_say() -> None:
    english = Block("sh", 'recupera alerts --lang en  # now\nrecupera classify --text "It came broken and late."\n')
    spanish = Block("sh", "recupera alerts --lang es  # ya\nrecupera classify --text 'Llegó roto y muy tarde.'\n")
    other = spanish._replace(code=spanish.code.replace("classify", "divine"))

    assert same(spanish, "es") == same(english, "en")
    assert same(other, "es") != same(english, "en")
    assert same(spanish._replace(needs="minutes"), "es") != same(english, "en")
