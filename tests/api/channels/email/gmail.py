"""A small IMAP server that has labels as Gmail documents them (X-GM-EXT-1), which no server in a package has.

Labels with odd characters are quoted, system labels begin with a backslash, a change of labels is a change of the mail
(RFC 7162). ``no`` is what it answers to whoever logs in.
"""

from __future__ import annotations

import re
import shlex
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CAN = "IMAP4rev1 NAMESPACE X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE"


@dataclass
class Kept:
    raw: bytes
    change: int
    flags: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=lambda: {"\\Important", "Muy bien"})


@dataclass
class Gmail:
    port: int = 0
    no: str | None = None
    change: int = 1
    mails: dict[int, Kept] = field(default_factory=dict)

    def deliver(self, raw: bytes) -> None:
        self.change += 1
        self.mails[len(self.mails) + 1] = Kept(raw, self.change)

    def label(self, uid: int, sign: str, *names: str) -> None:
        self.change += 1
        mail = self.mails[uid]
        mail.labels = mail.labels | set(names) if sign == "+" else mail.labels - set(names)
        mail.change = self.change

    def answer(self, words: list[str], line: str) -> Iterator[bytes]:
        """Yield what is said before the tagged answer, which is a word of its own if it is not OK."""
        command = words[0].upper()
        if command == "CAPABILITY":
            yield f"* CAPABILITY {CAN}\r\n".encode()
        elif command == "LOGIN" and self.no is not None:
            yield f"NO {self.no}".encode()
        elif command in ("SELECT", "EXAMINE"):
            yield b"* FLAGS (\\Seen \\Flagged)\r\n* OK [PERMANENTFLAGS (\\Seen \\Flagged \\*)] \r\n"
            yield f"* OK [UIDVALIDITY 7] \r\n* {len(self.mails)} EXISTS\r\n".encode()
            yield f"* OK [HIGHESTMODSEQ {self.change}] \r\n".encode()
        elif command == "UID":
            yield from getattr(self, f"_{words[1].lower()}")(words[2:], line)

    def _search(self, words: list[str], _line: str) -> Iterator[bytes]:
        first = int(words[words.index("UID") + 1].partition(":")[0])
        found = [uid for uid in self.mails if uid >= first] or list(self.mails)[-1:]
        yield f"* SEARCH {' '.join(map(str, found))}\r\n".encode()

    def _fetch(self, words: list[str], line: str) -> Iterator[bytes]:
        since = re.search(r"CHANGEDSINCE (\d+)", line)
        for uid in self._uids(words[0]):
            mail = self.mails[uid]
            if since and mail.change <= int(since[1]):
                continue
            told = f"* {uid} FETCH (UID {uid} X-GM-LABELS ({self._quoted(mail)}) FLAGS ({' '.join(sorted(mail.flags))})"
            told += f" RFC822.SIZE {len(mail.raw)} MODSEQ ({mail.change})"
            told += ' INTERNALDATE "03-Nov-2026 09:00:00 +0000"'
            if "BODY.PEEK" in line:
                yield f"{told} BODY[]<0> {{{len(mail.raw)}}}\r\n".encode() + mail.raw + b")\r\n"
            else:
                yield f"{told})\r\n".encode()

    def _store(self, words: list[str], line: str) -> Iterator[bytes]:
        sign, item = words[1][0], words[1][1:].upper()
        names = [a or b for a, b in re.findall(r'"([^"]*)"|([^\s"()]+)', line[line.rindex("(") :])]
        for uid in self._uids(words[0]):
            if item == "X-GM-LABELS":
                self.label(uid, sign, *names)
            else:
                assert item == "FLAGS"
                self.mails[uid].flags |= set(names)
            mail = self.mails[uid]
            said = f"X-GM-LABELS ({self._quoted(mail)})" if item == "X-GM-LABELS" else f"FLAGS ({' '.join(mail.flags)})"
            yield f"* {uid} FETCH (UID {uid} {said} MODSEQ ({mail.change}))\r\n".encode()

    def _uids(self, told: str) -> list[int]:
        if told == "1:*":
            return list(self.mails)
        return [int(uid) for uid in told.split(",") if int(uid) in self.mails]

    def _quoted(self, mail: Kept) -> str:
        return " ".join(name if re.fullmatch(r"\\?\w+", name) else f'"{name}"' for name in sorted(mail.labels))


@contextmanager
def listening(**settings: str) -> Iterator[Gmail]:
    gmail = Gmail(**settings)  # type: ignore[arg-type]

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK Gimap ready\r\n")
            for line in self.rfile:
                text = line.decode().strip()
                tag, *words = shlex.split(text.replace("\\", "\\\\"))
                told = list(gmail.answer(words, text))
                refused = bool(told) and told[-1].startswith(b"NO ")
                self.wfile.write(b"" if refused else b"".join(told))
                self.wfile.write(tag.encode() + b" " + (told[-1] if refused else b"OK done") + b"\r\n")
                if words[0].upper() == "LOGOUT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        gmail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield gmail
        finally:
            server.shutdown()
            thread.join()
