"""A wheel built from the checkout, installed in an empty environment elsewhere, classifies with the shipped model."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.acceptance

MESSAGES = [
    {"id": "a", "text": "El pedido llegó roto y nadie me contesta. Quiero que me devuelvan el dinero."},
    {"id": "b", "text": "Excelente atendimento, muito obrigado!"},
]


@pytest.fixture(scope="module")
def recupera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("recupera-*.whl")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", wheel], check=True)
    return folder / "env" / "bin" / "recupera"


def test_the_wheel_classifies_away_from_the_checkout(recupera: Path, tmp_path: Path) -> None:
    messages = tmp_path / "messages.jsonl"
    messages.write_text("".join(json.dumps(message) + "\n" for message in MESSAGES), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [recupera, "classify", "messages.jsonl"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert [first["id"], second["id"]] == ["a", "b"]
    assert first["complaint"]["label"] is True
    assert first["motive"]["primary"] == "restitution"
    assert first["evidence"]
    assert second["complaint"]["label"] is False
    assert first["model"]["name"] == "recupera-es-pt"


def test_plain_install_has_neither_torch_nor_a_web_framework(recupera: Path) -> None:
    python = recupera.with_name("python")
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout.lower()
    assert not {"torch", "transformers", "fastapi", "uvicorn"} & set(listed.split())
    done = subprocess.run([recupera, "serve"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "recupera[api]" in done.stderr
    assert "Traceback" not in done.stderr
