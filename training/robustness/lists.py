"""The names, words, sentences and surroundings that the suite puts into messages, read from the files beside this."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

Chance = np.random.Generator


@cache
def read(name: str) -> dict[str, Any]:
    """Return the content of ``name``.toml; it is shared, so leave it as it is."""
    return tomllib.loads(files("training.robustness").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def whole(phrases: Iterable[str]) -> str:
    """Return the pattern of any of ``phrases`` as whole words, the longest first."""
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)"
