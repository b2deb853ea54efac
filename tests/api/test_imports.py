"""What a service that does not use it does not load: it would cost every start its time and its memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from api.main import create_app
from api.settings import Settings

STARTED = """
import sys

import numpy as np

from api.early_warning.rises import Counts, Slice, judge
from api.main import create_app
from api.settings import Settings

create_app(Settings())
days = np.full((1, 63), 10.0)
days[0, 0] = 40
assert judge(Counts([Slice("product", "x")], days, days[0]), min_count=5)
print(*sorted({module for module in sys.modules if module.startswith(sys.argv[1:] and tuple(sys.argv[1:]))}))
"""


def loaded(*names: str) -> list[str]:
    """Return which modules a service has loaded that was made and has looked at counts, of those that begin so."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STARTED, *names],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.split()


def test_a_service_without_a_provider_loads_no_part_of_it_and_early_warning_no_statistics() -> None:
    assert loaded("scipy.stats", "authlib", "joserfc", "httpx2", "api.access.oidc") == []


def test_services_of_a_process_share_what_takes_long_to_put_together() -> None:
    first, second = (create_app(Settings()) for _ in range(2))
    own = {"/openapi.json", "/docs", "/docs/assets", "/docs/openapi-3.0.json", "/assets"}
    apart = [route for route in second.routes if not any(route is other for other in first.routes)]
    assert {getattr(route, "path", "") for route in apart} == own
