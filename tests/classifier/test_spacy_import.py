import os
import subprocess
import sys
from pathlib import Path

import pytest

_TORCH = "import builtins\nbuiltins.asked = True\nraise ImportError('a torch that only tells that it was asked for')\n"
_START = "import builtins; builtins.asked = False\nfrom classifier.spacy_import import import_spacy, spare_torch\n"


@pytest.mark.parametrize("spared", [True, False])
def test_only_a_process_that_says_so_keeps_torch_out_of_spacy(tmp_path: Path, spared: bool) -> None:
    program = _START + ("spare_torch()\n" if spared else "") + "import_spacy(); print(builtins.asked)"
    assert _run(program, tmp_path) == str(not spared)


def test_torch_is_there_for_who_imports_it_himself(tmp_path: Path) -> None:
    program = (
        _START
        + "spare_torch(); import_spacy(); import_spacy()\ntry:\n import torch\nexcept ImportError as e:\n print(e)"
    )
    assert _run(program, tmp_path) == "a torch that only tells that it was asked for"


def test_the_command_spares_torch(tmp_path: Path) -> None:
    program = (
        "import builtins, sys; builtins.asked = False\nfrom classifier.cli import main\n"
        "sys.argv = ['recupera', '--version']\n"
        "try:\n main()\nexcept SystemExit:\n pass\n"
        "from classifier.facts import extract_facts\n"
        "print(extract_facts('Pagué 50 euros', 'es')[0].text, builtins.asked)"
    )
    assert _run(program, tmp_path).splitlines()[-1] == "50 euros False"


def _run(program: str, folder: Path) -> str:
    """Run a program where ``import torch`` finds a torch of our own; return what it prints."""
    (folder / "torch").mkdir()
    (folder / "torch" / "__init__.py").write_text(_TORCH, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
