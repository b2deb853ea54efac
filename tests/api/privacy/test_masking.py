"""What others are told of a classification holds nobody's data, and every label."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.privacy.masking import masked_classification
from classifier.redaction import find_personal_data
from tests.api.privacy.conftest import PERSONAL, TEXT, Quoting


def told(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    (result,) = Quoting().predict([text])
    return result.to_dict(), [asdict(data) for data in find_personal_data(text)]


def test_quotations_and_facts_lose_what_is_personal() -> None:
    classification, personal = told(TEXT)
    masked = masked_classification(classification, personal)
    assert not [value for value in PERSONAL.values() if value in str(masked)]
    assert masked["evidence"][0]["text"].startswith("Pedí una licuadora")
    assert "al <PHONE>. Mi CPF es <CPF>," in masked["evidence"][0]["text"]
    assert all(fact["value"] == {} for fact in masked["facts"])
    kept = {name: value for name, value in masked.items() if name not in ("evidence", "facts")}
    assert kept == {name: classification[name] for name in kept}


def test_a_message_without_any_is_told_as_it_is() -> None:
    classification, personal = told("No llegó mi pedido.")
    assert personal == []
    assert masked_classification(classification, personal) is classification


@given(st.data())
def test_a_part_of_a_text_is_masked_as_the_whole_is(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, len(TEXT)))
    personal = [asdict(found) for found in find_personal_data(TEXT)]
    quote = {"task": "severity", "label": "high", "start": start, "end": end, "text": TEXT[start:end]}
    classification = {"evidence": [quote], "facts": []}
    shown = masked_classification(classification, personal)["evidence"][0]["text"]
    hidden = {place for span in personal for place in range(span["start"], span["end"])}
    clear = "".join(TEXT[place] for place in range(start, end) if place not in hidden)
    assert "".join(part for part in _without_marks(shown)) == clear


def _without_marks(shown: str) -> list[str]:
    kept, inside = [], False
    for character in shown:
        inside = inside or character == "<"
        if not inside:
            kept.append(character)
        inside = inside and character != ">"
    return kept
