"""What strangers send as HTML, as text: of a page only so much is read that none takes long."""

from __future__ import annotations

import re
from typing import Final

from classifier.limits import MAX_CHARACTERS
from classifier.markup import strip_markup

__all__ = ["LONGEST_PAGE", "words_of"]

LONGEST_PAGE: Final = 5 * MAX_CHARACTERS
"""Characters of a page that are read: a parser's work on tags within tags is the square of their number."""

_TORN: Final = re.compile(r"<[A-Za-z/!][^<>]*+\Z")


def words_of(page: str, most: int = LONGEST_PAGE) -> str:
    """Return the text of what may be HTML, of its first ``most`` characters; a tag that is cut there is left out."""
    return strip_markup(page if len(page) <= most else _TORN.sub("", page[:most]))
