from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from training.evaluation import score
from training.report.figures import task_figures
from training.report.slices import SMALLEST, groups, measure_parts


def test_each_dimension_holds_every_message_once(drawn: Callable[..., Any]) -> None:
    examples, _ = drawn(80, channel="email")
    found = groups(examples)
    for dimension in {dimension for dimension, _ in found}:
        rows = [row for (d, _), rows in found.items() if d == dimension for row in rows]
        assert sorted(rows) == list(range(80))
    assert {d for d, _ in found} == {"language", "source", "channel", "length in characters"}


def test_what_only_some_messages_tell_is_shown_as_not_given(drawn: Callable[..., Any]) -> None:
    examples, _ = drawn(4)
    examples[0] = replace(examples[0], variety="es-PE")
    assert groups(examples)["variety", "not given"] == [1, 2, 3]
    assert ("channel", "not given") not in groups(examples)


def test_lengths_are_quarters_from_short_to_long(drawn: Callable[..., Any]) -> None:
    examples, _ = drawn(200)
    quarters = {name: rows for (d, name), rows in groups(examples).items() if d == "length in characters"}
    assert len(quarters) == 4
    assert all(35 <= len(rows) <= 65 for rows in quarters.values())
    longest = [max(len(examples[row].text) for row in rows) for rows in quarters.values()]
    assert longest == sorted(longest)
    same = [replace(e, text="igual") for e in examples]
    assert [name for d, name in groups(same) if d == "length in characters"] == ["5 to 5"]


def test_figures_of_a_part_are_the_scores_of_its_messages(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(150)
    parts = measure_parts(examples, task_figures([e.labels for e in examples], found), 1)
    rows = [i for i, e in enumerate(examples) if e.language == "pt"]
    expected = score([examples[i].labels for i in rows], [found[i] for i in rows])
    figures = parts.of_language("pt")
    assert figures["severity kappa"].value == pytest.approx(expected["severity kappa"], abs=6e-5)
    assert parts.gap["severity kappa"].value == pytest.approx(
        parts.of_language("es")["severity kappa"].value - figures["severity kappa"].value
    )


def test_parts_and_figures_of_few_messages_are_hidden(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(60)
    few = [replace(e, channel="fax" if i < SMALLEST - 1 else "email") for i, e in enumerate(examples)]
    parts = measure_parts(few, task_figures([e.labels for e in few], found), 1)
    assert [(p.name, p.messages) for p in parts.hidden if p.dimension == "channel"] == [("fax", SMALLEST - 1)]
    assert all(p.messages >= SMALLEST for p in parts.shown)
    assert all(f.messages >= SMALLEST for p in parts.shown for f in p.figures.values())


def test_one_language_alone_has_no_gap(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(60)
    examples = [replace(e, language="es") for e in examples]
    parts = measure_parts(examples, task_figures([e.labels for e in examples], found), 1)
    assert parts.gap == {}
    assert parts.of_language("pt") == {}
