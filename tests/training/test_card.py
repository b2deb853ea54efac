from classifier.types import ModelInfo
from training.card import HeldOut, held_out_section, model_card, released_card
from training.comparison import Comparison, Interval

MADE, RELEASED = ModelInfo("mine", "1.0", "1"), ModelInfo("mine", "1.1", "1")
SCORES = {
    "all": {"messages": 200.0, "complaint macro-F1": 0.9123, "complaint ece": 0.02},
    "es": {"messages": 120.0, "complaint macro-F1": 0.9},
}


def held_out(**changes: object) -> HeldOut:
    intervals = {"all": {"complaint macro-F1": Interval(0.9123, 0.88, 0.94)}}
    comparison = Comparison("complaint", "macro-F1", 200, 0.9, 0.9123, Interval(0.0123, -0.01, 0.03))
    fields = {
        "scores": SCORES,
        "intervals": intervals,
        "before": MADE,
        "comparisons": [comparison],
        "files": ["a.jsonl", "b.jsonl"],
        "seen": 12_345,
        "missing": [],
    }
    return HeldOut(**(fields | changes))  # type: ignore[arg-type]


def test_figures_stand_beside_their_intervals_and_the_model_before() -> None:
    section = held_out_section(held_out())
    assert "| complaint macro-F1 | 0.912 (0.880 to 0.940) | 0.900 |" in section
    assert "| complaint ece | 0.020 | – |" in section
    assert "| messages | 200 | 120 |" in section
    assert "| complaint macro-F1 | 0.900 | 0.912 | +0.012 (-0.010 to +0.030) |" in section
    assert "a.jsonl, b.jsonl" in section
    assert "mine 1.0" in section


def test_what_could_not_be_looked_at_is_said() -> None:
    assert "among 12,345 that were trained on.\n" in held_out_section(held_out())
    assert "for want of a copy: pool.jsonl." in held_out_section(held_out(missing=["pool.jsonl"]))


def test_without_a_model_before_there_is_one_table() -> None:
    section = held_out_section(held_out(before=None, comparisons=[]))
    assert "Beside" not in section
    assert section.count("| figure |") == 1


def test_the_section_comes_before_the_training_data_and_replaces_an_earlier_one() -> None:
    card = model_card(MADE, SCORES)
    once = released_card(card, MADE, RELEASED, "first section")
    twice = released_card(once, RELEASED, RELEASED, r"second section with a \1 in it")
    assert "# mine 1.1\n" in once
    assert "# mine 1.0\n" not in once
    assert once.index("first section") < once.index("## Training data")
    assert "first section" not in twice
    assert twice == once.replace("first section", r"second section with a \1 in it")


def test_a_card_of_another_make_gets_the_section_at_its_end() -> None:
    assert released_card("# Other\n\nText.\n", MADE, RELEASED, "section").startswith("# Other\n\nText.\n\n<!--")
    assert released_card("", MADE, RELEASED, "section").startswith("<!--")
