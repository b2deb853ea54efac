"""The reference of the Python interface: which names are documented; mkdocstrings reads their signatures."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

from .tables import prose

__all__ = ["MODULES", "python_interface"]

_INTRODUCTION = """# Python

`pip install recupera` is enough for `classifier`; it needs no web framework, no database and no torch.
`recupera[train]` adds `training`, `recupera[api]` the service, which another ASGI application can mount.

```python
from classifier import ComplaintClassifier

classifier = ComplaintClassifier.from_pretrained()
(result,) = classifier.predict("El pedido llegó roto y nadie me contesta.", evidence=True)
print(result.severity.label, result.motive.labels)
```

"""

MODULES: Final = {
    "classifier": ("ComplaintClassifier", "Classification"),
    "classifier.types": (
        *("FlagDecision", "MultiDecision", "OrdinalDecision", "SingleDecision"),
        *("Evidence", "Fact", "Review"),
    ),
    "classifier.taxonomy": ("Task", "Label", "TaskKind", "Translated"),
    "classifier.errors": None,
    "classifier.spacy_component": None,
    "training.config": ("read_config", "TrainingConfig"),
    "api.main": ("create_app",),
    "api.settings": ("Settings", "read_settings"),
}
"""Modules of the public interface, and their names; all of ``__all__`` where none are given."""

_WITHOUT_MEMBERS: Final = {"training.config.TrainingConfig", "api.settings.Settings"}


def python_interface() -> str:
    """Return the page."""
    return _INTRODUCTION + "".join(_module(name, names) for name, names in MODULES.items())


def _module(name: str, names: tuple[str, ...] | None) -> str:
    module = import_module(name)
    shown = names or tuple(module.__all__)
    opening = prose(module.__doc__).partition("\n\n")[0]
    return f"## `{name}`\n\n{opening}\n\n" + "".join(_name(f"{name}.{each}") for each in shown)


def _name(path: str) -> str:
    options = "    options:\n      members: false\n" if path in _WITHOUT_MEMBERS else ""
    return f"::: {path}\n{options}\n"


if __name__ == "__main__":
    sys.stdout.write(python_interface())
