"""A few inputs for each reader of strangers' words, the same each time; ``fuzz.py`` looks for new ones."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import Phase

from tests.security.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_written_is_read_or_refused(target: Target) -> None:
    phases = (Phase.explicit, Phase.generate)
    few = hypothesis.settings(
        max_examples=25, database=None, phases=phases, suppress_health_check=list(hypothesis.HealthCheck)
    )
    few(hypothesis.given(target.inputs)(target.hold))()
