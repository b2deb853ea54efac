"""Settings that are lists: an environment variable holds them in one string."""

from __future__ import annotations

import json
import re
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

__all__ = ["Names", "Words"]


def _split(value: object, separators: str) -> object:
    """Read a string as JSON, else cut it at any of ``separators``; leave a list as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return [part.strip() for part in re.split(f"[{separators}]", value) if part.strip()]


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(lambda value: _split(value, r",\s"))]
"""Words with commas or spaces between them."""

Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(lambda value: _split(value, ","))]
"""Names, which may hold spaces, with commas between them."""
