from collections.abc import Sequence
from typing import Any

import pytest

from classifier import Classification, ComplaintClassifier
from classifier.bulk import CHUNK_CHARACTERS, CHUNK_RECORDS, Wanted, classify_records
from classifier.errors import TextTooLongError
from classifier.records import BadRecord, Record


class Fragile:
    """Classifies, but for some texts, and keeps what it was asked."""

    def __init__(self, classifier: ComplaintClassifier, failing: dict[str, Exception]) -> None:
        self.classifier = classifier
        self.failing = failing
        self.calls: list[list[str]] = []

    def predict(self, texts: Sequence[str], **options: Any) -> list[Classification]:
        self.calls.append(list(texts))
        for text in texts:
            if text in self.failing:
                raise self.failing[text]
        return self.classifier.predict(texts, **options)


def records(*texts: str) -> list[Record | BadRecord]:
    return [Record(line, f"id-{line}", text) for line, text in enumerate(texts, 1)]


def classify(classifier: Any, messages: list[Record | BadRecord], wanted: Wanted = Wanted()) -> list[Any]:  # noqa: B008
    return list(classify_records(classifier, messages, wanted))


def test_results_come_in_the_order_of_the_records_with_the_bad_ones_in_their_place(tiny: ComplaintClassifier) -> None:
    bad = BadRecord(2, None, "not valid JSON")
    first, last = records("Llegó roto", "Veio quebrado")
    assert [r.id for r in classify(tiny, [bad, first, bad, bad, last])] == [None, "id-1", None, None, "id-2"]


def test_a_chunk_is_bounded_in_records_and_in_characters(tiny: ComplaintClassifier) -> None:
    watched = Fragile(tiny, {})
    many = records(*["ok"] * (CHUNK_RECORDS + 1))
    assert len(classify(watched, many)) == len(many)
    assert [len(call) for call in watched.calls] == [CHUNK_RECORDS, 1]
    watched.calls.clear()
    long = "1 " * 10_000
    classify(watched, records(*[long] * 12))
    assert [len(call) for call in watched.calls] == [CHUNK_CHARACTERS // len(long), 2]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TextTooLongError(3, 2), "text has 3 characters; the limit is 2: split it or cut it"),
        (UnicodeEncodeError("utf-8", "secreto", 0, 1, "secreto"), "can't be classified (UnicodeEncodeError)"),
    ],
)
def test_one_text_that_fails_costs_only_itself(tiny: ComplaintClassifier, error: Exception, reason: str) -> None:
    fragile = Fragile(tiny, {"secreto": error})
    first, second, third = classify(fragile, records("Llegó roto", "secreto", "Veio quebrado"))
    assert second == BadRecord(2, "id-2", reason)
    assert (first.id, third.id) == ("id-1", "id-3")


def test_evidence_and_facts_can_be_left_out(tiny: ComplaintClassifier) -> None:
    message = records("Pedí el 44512, cobraron 350 euros y llegó roto. Quiero que me devuelvan el dinero.")
    (plain,) = classify(tiny, message, Wanted(evidence=False, facts=False))
    (full,) = classify(tiny, message, Wanted())
    assert plain.facts == plain.evidence == ()
    assert full.facts


def test_reading_is_no_further_ahead_than_a_chunk(tiny: ComplaintClassifier) -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield Record(taken, str(taken), "ok")

    assert next(classify_records(tiny, endless(), Wanted())).id == "1"
    assert taken == CHUNK_RECORDS
