"""A shell that runs the blocks of a page one after the other, as a reader would, and says what each printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.docs.blocks import Block

__all__ = ["Shell", "agrees"]

_LIMIT: Final = 120
_END: Final = "~~~ end of block "


class Shell:
    """Bash in ``folder``, with the commands of this environment; addresses in blocks are ``replaced``.

    ``environment`` is added to that of the tests, ``typed`` are the lines that commands ask for, in their order;
    ``commands`` is a folder with commands to be found before all others.
    """

    def __init__(
        self,
        folder: Path,
        replaced: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
        typed: Sequence[str] = (),
        commands: Path | None = None,
    ) -> None:
        self.folder = folder
        self._replaced = replaced
        self._environment = environment or {}
        self._typed = typed
        self._found = [str(commands or ""), str(Path(sys.executable).parent), os.environ["PATH"]]
        self._process: subprocess.Popen[str] | None = None

    def follow(self, page: Sequence[Block], by_hand: Mapping[str, str] | None = None) -> list[tuple[Block, str]]:
        """Save what has a title, run what can be, and return each block that was run with what it printed.

        ``by_hand`` says, by the beginning of a block, what its reader has done before, as lines for the shell.
        """
        hands = dict(by_hand or {})
        for block in page:
            if block.title is not None:
                file = self.folder / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self.here(block.code), "utf-8")
        run = [block for block in page if block.needs is None and (block.is_typed or block.is_program)]
        scripts = []
        for number, block in enumerate(run):
            begins = next((begins for begins in hands if block.code.startswith(begins)), None)
            done = "" if begins is None else f"{{ {self.here(hands.pop(begins)).strip()}\n}} >/dev/null\n"
            scripts.append(done + self._script(number, block))
        assert not hands, f"no block begins so: {', '.join(hands)}"
        return list(zip(run, self._run("\n".join(scripts)), strict=True))

    def here(self, code: str) -> str:
        """Return a text of the page with the addresses that hold here."""
        for shown, there in self._replaced.items():
            code = code.replace(shown, there)
        return code

    def close(self) -> None:
        """End what a page started in the background."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _script(self, number: int, block: Block) -> str:
        """Return a block that ends with a line of its own, or the whole script with a wrong status."""
        code = self.here(block.code)
        if block.is_program:
            (self.folder / f"program{number}.py").write_text(code, "utf-8")
            code = f"python program{number}.py\n"
        check = f'[ "$status" = {block.status} ] || {{ echo "status $status"; kill $(jobs -p); exit 9; }}'
        return f"status=0\ntrap 'status=$?' ERR\n{code}trap - ERR\n{check}\necho; echo '{_END}'"

    def _run(self, script: str) -> list[str]:
        environment = {
            **os.environ,
            "PATH": ":".join(filter(None, self._found)),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "NO_PROXY": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
            **self._environment,
        }
        keys, typing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # a read is a line, whoever asks for it
        with keys, typing:
            for line in self._typed:
                typing.send(f"{line}\n".encode())
            self._process = subprocess.Popen(
                ["bash", "-c", f"{script}\nkill $(jobs -p) 2>/dev/null; exit 0"],
                cwd=self.folder,
                env=environment,
                stdin=keys if self._typed else subprocess.DEVNULL,
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
