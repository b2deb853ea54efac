"""The service with the model's answers remembered: what everything around the model costs.

Run by ``benchmarks.load`` as ``python -m benchmarks.load_service ANSWERS``; settings come from the environment.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from api.main import create_app
from api.observability import configure_logging
from api.settings import read_settings
from classifier.types import Classification

__all__ = ["Remembering"]


class Remembering:
    """Answers as the model once did."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = {text: Classification.from_dict(answer) for text, answer in answers.items()}
        self.model = next(iter(self._answers.values())).model

    def predict(self, texts: Sequence[str], *, ids: Sequence[str], **_: Any) -> list[Classification]:
        """Look each text up."""
        return [replace(self._answers[text], id=name) for text, name in zip(texts, ids, strict=True)]


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings({})
    configure_logging(settings.log_level)
    answers = Remembering(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    app = create_app(settings, classifier=answers, worker=settings.worker.inside)  # type: ignore[arg-type]
    uvicorn.run(app, port=settings.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
