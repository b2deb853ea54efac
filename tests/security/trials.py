"""The targets of ``fuzz.py``: the readers of ``targets.py``, and a running service that each kind of caller asks."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, chdir, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.security.callers import CALLERS, NOBODY, PEOPLE, Caller
from tests.security.described import Described
from tests.security.pages import asks, hold_page
from tests.security.paths import hold_path, knocks
from tests.security.queries import hold_queries
from tests.security.targets import TARGETS, Target

__all__ = ["Trial", "calls", "trials"]

Begun = tuple[st.SearchStrategy[Any], Callable[[Any], None], Counter[tuple[str, int]]]
"""Inputs, what raises where one of them fails, and a count of the answers that were given to them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A target by its name, and how it is begun."""

    name: str
    begun: Callable[[], AbstractContextManager[Begun]]


def trials() -> list[Trial]:
    """Return everything that is tried."""
    return [
        *(Trial(target.name, partial(_reader, target)) for target in TARGETS),
        Trial("queries and headers", partial(_asked, _queries)),
        Trial("paths", partial(_asked, _paths)),
        *(Trial(f"calls, {caller.name}", partial(_asked, partial(_calls, caller))) for caller in CALLERS),
        *(Trial(f"pages, {caller.name}", partial(_asked, partial(_pages, caller))) for caller in (NOBODY, *PEOPLE)),
    ]


def calls(described: Described) -> st.SearchStrategy[Any]:
    """Return calls of every operation, with what fits its description and with what does not."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.one_of([described.cases(one, mode) for one in described.operations() for mode in modes])


@contextmanager
def _reader(target: Target) -> Iterator[Begun]:
    yield target.inputs, target.hold, Counter()


@contextmanager
def _asked(of: Callable[[Described], tuple[st.SearchStrategy[Any], Callable[[Any], None]]]) -> Iterator[Begun]:
    """Start a service for one target: what one caller leaves behind is no other's."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder), Described.running() as described:
        inputs, hold = of(described)
        yield inputs, hold, described.answers


def _queries(described: Described) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return st.data(), partial(hold_queries, described)


def _paths(described: Described) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return knocks(dict(described.known)), partial(hold_path, described)


def _calls(caller: Caller, described: Described) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return calls(described), partial(described.check_as, caller)


def _pages(caller: Caller, described: Described) -> tuple[st.SearchStrategy[Any], Callable[[Any], None]]:
    return asks(dict(described.known)), partial(hold_page, described, caller)
