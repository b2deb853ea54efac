"""What people read in a plan, in Spanish, Portuguese and English: ``wording_*.toml`` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["LANGUAGES", "wording"]

LANGUAGES: Final = ("es", "pt", "en")

Wording = Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=len(LANGUAGES))
def wording(language: str) -> Wording:
    """Return the phrases of ``language`` by kind (``steps``, ``guidance``, ``flags``, ``stages``, …) and id."""
    source = files("api.recovery").joinpath(f"wording_{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)
