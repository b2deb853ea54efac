"""spaCy, imported with no more than is needed.

thinc, on which spaCy stands, imports torch wherever it finds it: two seconds and 190 MB, though nothing here computes
with it. In a process of the ``recupera`` command it is kept from doing so. In other people's processes it is not: their
pipelines may need it.
"""

from __future__ import annotations

import sys
from threading import Lock

__all__ = ["import_spacy", "spare_torch"]

_spared = False
_lock = Lock()


def spare_torch() -> None:
    """Have ``import_spacy`` keep torch out of spaCy from now on: this process runs nobody else's pipelines."""
    global _spared
    _spared = True


def import_spacy() -> None:
    """Import spaCy. Whoever imports torch himself, before or after, gets it."""
    with _lock:
        hidden = _spared and "spacy" not in sys.modules and "torch" not in sys.modules
        if hidden:
            sys.modules["torch"] = None  # type: ignore[assignment]
        try:
            import spacy  # noqa: F401
        finally:
            if hidden:
                del sys.modules["torch"]
