"""Every call of the OpenAPI document, with what fits its description and what does not; ``fuzz.py`` tries far more."""

from __future__ import annotations

from contextlib import suppress

import hypothesis
import pytest
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.security.described import SETTINGS, Described

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")  # other threads draw


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_every_call_answers_as_it_says(described: Described, mode: GenerationMode) -> None:
    for operation in described.operations():
        cases = described.cases(operation, mode)
        with suppress(Unsatisfiable):  # a call without parameters can't be made wrongly
            hypothesis.settings(SETTINGS, max_examples=2)(hypothesis.given(cases)(described.check))()


def test_most_calls_were_answered_with_success(described: Described) -> None:
    """What only ever gets errors tests little."""
    called = {label for label, _ in described.answers}
    succeeded = {label for label, status in described.answers if status < 300}

    assert len(called) == len(described.operations()) > 40
    assert len(succeeded) > 30, sorted(called - succeeded)
