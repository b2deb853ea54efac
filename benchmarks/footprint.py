"""Memory and start-up, each several times in a fresh process."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.report import ROUNDS, Figure

_PLAIN = "import sys; sys.modules['torch'] = None\n"
"""spaCy loads torch wherever it finds it; users who only classify don't have it, so neither do these processes."""

_PROGRAMS = {
    "import classifier, s": "import time; t = time.perf_counter(); import classifier; print(time.perf_counter() - t)",
    "first classification, s": (
        "import time; t = time.perf_counter()\n"
        "from classifier import ComplaintClassifier\n"
        "ComplaintClassifier.from_pretrained().predict('No funciona y nadie contesta.')\n"
        "print(time.perf_counter() - t)"
    ),
    "resident memory after 512 messages, MB": (
        "import psutil; from classifier import ComplaintClassifier; from benchmarks.texts import messages\n"
        "c = ComplaintClassifier.from_pretrained(); c.predict(messages(512, c.encoder), evidence=True)\n"
        "print(psutil.Process().memory_info().rss / 1e6)"
    ),
}


def measure() -> dict[str, Figure]:
    """Run each program ``ROUNDS`` times."""
    return {name: Figure.of([_run(program) for _ in range(ROUNDS)]) for name, program in _PROGRAMS.items()}


def _run(program: str) -> float:
    """Run a program in a new interpreter and return the number that it prints."""
    done = subprocess.run([sys.executable, "-c", _PLAIN + program], capture_output=True, text=True, check=True)
    return float(done.stdout)
