import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from api.console.text import Segment, excerpt, letter, masked, segments, visible

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


@given(st.text())
def test_nothing_in_a_text_controls_or_hides(text: str) -> None:
    shown = visible(text)
    for character in shown:
        kept = character in "\n\t\u200d" or unicodedata.category(character) in ("Co", "Cn", "Cs")
        assert kept or unicodedata.category(character) not in ("Cc",), hex(ord(character))
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pague \u202e123", "pague ⟦U+202E⟧123"),
        ("a\u200bb\ufeff", "a⟦U+200B⟧b⟦U+FEFF⟧"),
        ("\x07\x1b[31m", "␇␛[31m"),
        ("una\r\ndos\tfin", "una\ndos\tfin"),
        ("familia 👨‍👩‍👧 ❤️", "familia 👨‍👩‍👧 ❤️"),
        ("o" + "\u0301" * 30, "o" + "\u0301" * 4),
        ("canción, ação", "canción, ação"),
    ],
)
def test_odd_characters_are_seen_and_ordinary_ones_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_markup_stays_markup() -> None:
    assert isinstance(visible(Markup("<b>\u202e</b>")), Markup)


@given(st.text(max_size=40), SPANS, SPANS)
def test_segments_are_the_whole_text_if_nothing_is_masked(
    text: str, evidence: list[tuple[int, int]], personal: list[tuple[int, int]]
) -> None:
    cut = segments(text, [span(*s) for s in evidence], [span(*s) for s in personal], mask=False)
    assert visible("".join(segment.text for segment in cut)) == visible(text)


def test_marks_that_pile_up_are_few_also_where_a_text_is_cut() -> None:
    cut = segments("o" + "\u0301" * 30 + " no", [span(0, 3, "tone"), span(3, 9, "motive")], [], mask=False)
    assert "".join(segment.text for segment in cut) == "o" + "\u0301" * 4 + " no"


@given(st.text(alphabet="abc ", min_size=1, max_size=40), SPANS, SPANS)
def test_what_is_masked_is_not_shown(
    text: str, evidence: list[tuple[int, int]], personal: list[tuple[int, int]]
) -> None:
    cut = segments(text, [span(*s) for s in evidence], [span(*s) for s in personal], mask=True)
    hidden = {place for start, end in personal for place in range(start, min(end, len(text)))}
    assert sum(len(segment.text) for segment in cut if segment.kind is None) == len(text) - len(hidden)


def test_evidence_is_cut_where_it_begins_and_ends_and_may_overlap() -> None:
    found = segments("No llegó. Exijo.", [span(0, 9, "severity"), span(3, 16, "motive")], [], mask=True)
    assert found == [
        Segment("No ", ("severity",)),
        Segment("llegó.", ("severity", "motive")),
        Segment(" Exijo.", ("motive",)),
    ]


def test_a_masked_number_is_one_mask_even_where_evidence_ends_in_it() -> None:
    found = segments("tel 612345678 ya", [span(0, 8)], [{"kind": "phone", "start": 4, "end": 13}], mask=True)
    assert [(segment.text, segment.kind) for segment in found] == [("tel ", None), ("••••", "phone"), (" ya", None)]


def test_names_that_are_addresses_are_masked_too() -> None:
    assert masked("ana@example.org", mask=True) == "<EMAIL>"
    assert masked("ana@example.org", mask=False) == "ana@example.org"


def test_an_excerpt_ends_between_words_on_one_line() -> None:
    assert excerpt("una\n dos tres", 100) == "una dos tres"
    assert excerpt("una dos tres cuatro", 10) == "una dos…"
    assert len(excerpt("x" * 20_000, 100)) <= 101


def span(start: int, end: int, task: str = "severity") -> dict[str, object]:
    return {"task": task, "kind": "phone", "start": start, "end": end}


def test_a_fact_is_marked_beside_evidence_and_ends_once() -> None:
    found = segments("Pagué 350 euros. Exijo.", [span(0, 11)], [], mask=True, facts=[{"start": 6, "end": 15}])
    assert found == [
        Segment("Pagué ", ("severity",)),
        Segment("350 e", ("severity",), facts=(0,)),
        Segment("uros", facts=(0,), ends=(0,)),
        Segment(". Exijo."),
    ]


def test_a_fact_in_what_is_masked_tells_nothing() -> None:
    personal = [{"kind": "phone", "start": 4, "end": 13}]
    found = segments("tel 612345678 ya", [], personal, mask=True, facts=[{"start": 4, "end": 13}])
    assert [(segment.text, segment.facts) for segment in found] == [("tel ", ()), ("••••", ()), (" ya", ())]


def test_facts_are_lettered_without_end() -> None:
    assert [letter(place) for place in (0, 25, 26, 27, 701, 702)] == ["a", "z", "aa", "ab", "zz", "aaa"]
