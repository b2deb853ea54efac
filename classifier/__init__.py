"""Text in, classification out: why people complain, how grave it is, and what was unfair.

>>> from classifier import ComplaintClassifier
>>> classifier = ComplaintClassifier.from_pretrained()
>>> classifier.predict("El pedido llegó roto y nadie me contesta.")[0].motive.primary
'restitution'

Everything is loaded on first use, so that ``import classifier`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier
    from classifier.types import Classification

__all__ = ["Classification", "ComplaintClassifier"]

_HOMES = {"Classification": "classifier.types", "ComplaintClassifier": "classifier.inference"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
