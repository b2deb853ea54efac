"""``recupera demo``, as people run it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.demo.messages import MESSAGES
from api.demo.narration import TEXTS
from api.demo.service import serving
from classifier import ComplaintClassifier
from classifier.cli import app
from classifier.errors import InputError
from tests.conftest import INTERRUPTIBLE

pytestmark = pytest.mark.acceptance


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", INTERRUPTIBLE, "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_the_whole_way_is_shown_and_nothing_is_left(there: Path, tmp_path: Path) -> None:
    (tmp_path / "recupera.toml").write_text('database = "sqlite:////nowhere/at/all.db"\n[delivery]\nallow = []\n')
    done = run("--lang", "pt", TMPDIR=str(there), RECUPERA_DATABASE="sqlite:////nowhere/at/all.db")
    assert (done.returncode, done.stderr) == (0, "")
    count = int(re.search(r"(\d+) entregas, todas com assinatura verificada", done.stdout)[1])
    assert count >= len(MESSAGES) + 5
    assert "Uma entrega alterada no caminho foi recusada" in done.stdout
    for said in ("Prioridad ", "Prioridade ", "el mismo caso, segunda falla", "Não é uma reclamação", "case.closed"):
        assert said in done.stdout
    assert list(there.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"temporary", "recupera.toml"}


def test_a_taken_port_is_said(there: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--port", str(port), TMPDIR=str(there))
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken by another program: choose another --port" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(there.iterdir()) == []


def test_a_wrong_model_is_said(tmp_path: Path, there: Path) -> None:
    with pytest.raises(InputError, match="not a model directory"), serving(there, 0, tmp_path):
        pass


def test_help_has_an_example() -> None:
    assert "Example: recupera demo" in CliRunner().invoke(app, ["demo", "--help"]).stdout


def test_the_messages_show_what_the_service_tells_apart(shipped: ComplaintClassifier) -> None:
    found = shipped.predict([message.text for message in MESSAGES])
    assert {result.language for result in found} == {"es", "pt"}
    assert [bool(result.complaint.label) for result in found].count(False) == 1
    assert len({result.severity.label for result in found if result.severity}) >= 3
    assert len({result.justice.primary for result in found if result.justice}) == 3


def test_everything_is_said_in_each_language() -> None:
    for name, text in TEXTS.items():
        fields = {language: set(re.findall(r"{(\w+)}", text[language])) for language in ("es", "pt", "en")}
        assert fields["es"] == fields["pt"] == fields["en"], name
        assert len({text["es"], text["pt"], text["en"]}) >= 2, name
