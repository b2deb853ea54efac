"""The sets of words in ``lexicon/redaction.toml``."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

__all__ = ["words"]


def words(name: str) -> frozenset[str]:
    """Return the set of words of a name, in lower case."""
    return frozenset(_sets()[name].split())


@lru_cache(maxsize=1)
def _sets() -> dict[str, str]:
    return tomllib.loads((files("classifier") / "lexicon" / "redaction.toml").read_text(encoding="utf-8"))
