"""The service runs where its container lets it: it writes to /tmp and its data alone, and nobody has a key yet."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--mount"]


@pytest.mark.acceptance
def test_the_service_writes_to_its_data_and_to_a_small_folder_alone() -> None:
    if (
        not all(map(shutil.which, ("unshare", "curl")))
        or subprocess.run([*NAMESPACE, "mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a file system that can't be written can't be made here: that needs root")
    if ROOT.resolve().is_relative_to("/tmp"):
        pytest.skip("this checkout lies under /tmp, which the trial hides behind a small one")
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
    (given,) = compose["services"]["api"]["tmpfs"]
    size = re.search(r"size=(\w+)", given)
    assert size
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [*NAMESPACE, "bash", str(Path(__file__).with_name("confined.sh"))]

    done = subprocess.run(
        [*command, str(Path(sys.executable).with_name("recupera")), str(port), size[1]],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["without a key: 401", "with the first key: 201"]


def test_the_chart_gives_as_much_room_as_the_compose_file() -> None:
    template = (ROOT / "deploy/helm/recupera/templates/_helpers.tpl").read_text("utf-8")
    compose = (ROOT / "deploy/compose.yaml").read_text("utf-8")

    assert (
        re.search(r"name: tmp\n +emptyDir:\n +sizeLimit: (\d+)Mi", template)[1]
        == re.search(r"/tmp:size=(\d+)m", compose)[1]
    )  # type: ignore[index]
