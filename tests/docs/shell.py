"""A shell that runs the blocks of a page one after the other, as a reader would, and says what each printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.docs.blocks import Block

__all__ = ["Shell", "agrees"]

_LIMIT: Final = 120
_END: Final = "~~~ end of block "


class Shell:
    """Bash in ``folder``, with the commands of this environment; addresses in blocks are ``replaced``."""

    def __init__(self, folder: Path, replaced: Mapping[str, str]) -> None:
        self.folder = folder
        self._replaced = replaced

    def follow(self, page: list[Block]) -> list[tuple[Block, str]]:
        """Save what has a title, run what is a shell's, and return each block that was run with what it printed."""
        for block in page:
            if block.title is not None:
                file = self.folder / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self._here(block.code), "utf-8")
        run = [block for block in page if block.kind == "sh" and block.needs is None]
        said = self._run("\n".join(self._script(block) for block in run))
        return list(zip(run, said, strict=True))

    def close(self) -> None:
        """End what a page started in the background."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _here(self, code: str) -> str:
        for shown, there in self._replaced.items():
            code = code.replace(shown, there)
        return code

    def _script(self, block: Block) -> str:
        """Return a block that ends with a line of its own, or the whole script with a wrong status."""
        check = f'[ "$status" = {block.status} ] || {{ echo "status $status"; kill $(jobs -p); exit 9; }}'
        return f"status=0\ntrap 'status=$?' ERR\n{self._here(block.code)}trap - ERR\n{check}\necho; echo '{_END}'"

    def _run(self, script: str) -> list[str]:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "NO_PROXY": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            ["bash", "-c", f"{script}\nkill $(jobs -p) 2>/dev/null; exit 0"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said, _ = self._process.communicate(timeout=_LIMIT)
        parts = said.split(_END)
        assert self._process.returncode == 0, said[-3000:]
        return [part.strip() for part in parts[:-1]]


def agrees(shown: str, said: str, *, vary: bool = False) -> list[str]:
    """Return the lines of ``shown`` that ``said`` lacks, in their order; ``…`` stands for anything, a line too.

    With ``vary`` any number stands for any other, and so does any bar or line.
    """
    missing, at, said = [], 0, said.replace("\ufeff", "")
    if vary:
        shown, said = (re.sub(r"\d[\d.,]*|[█░]+|━+", "0", text) for text in (shown, said))
    lines = [re.sub(r"\s+", " ", line).strip() for line in said.splitlines()]
    for line in filter(None, (re.sub(r"\s+", " ", line).strip() for line in shown.splitlines())):
        pattern = ".*".join(map(re.escape, line.split("…")))
        found = next((i for i in range(at, len(lines)) if re.fullmatch(pattern, lines[i])), None)
        if line == "…":
            continue
        if found is None:
            missing.append(line)
        else:
            at = found + 1
    return missing
