"""What a page takes for granted of its reader: a service that runs, a mailbox, messages, a model."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.main import create_app
from api.settings import DeliverySettings, read_settings
from tests.api.channels.email import dovecot
from tests.api.channels.email.mails import mail
from tests.conftest import CORPORA
from tests.docs.blocks import ROOT
from tests.docs.shell import Shell
from tests.serving import serving

__all__ = ["Reader"]

_ALLOWED = DeliverySettings(allow=("127.0.0.1",))
_RECEIVERS = ("crm.example.com", "chat.example.com", "shop.example.com")


@dataclass
class Reader:
    """Somebody in a folder of their own, who follows a page; each method gives them something that it asks for.

    ``replaced`` says what stands here for what the page shows, ``by_hand`` what is done between its blocks.
    """

    folder: Path
    fixture: Callable[[str], Any]
    replaced: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    by_hand: dict[str, str] = field(default_factory=dict)
    ended: ExitStack = field(default_factory=ExitStack)

    def shell(self) -> Shell:
        """Return the shell of the page, which is closed with all else."""
        shell = Shell(self.folder, self.replaced, self.environment, self.typed, self.fixture("commands"))
        self.ended.callback(shell.close)
        return shell

    def use_the_toy(self) -> Path:
        """Let the toy model answer where the page names none; return its folder."""
        model: Path = self.fixture("tiny_model")
        self.environment["RECUPERA_MODEL"] = str(model)
        return model

    def share_a_service(self) -> None:
        """Go where the service runs that several pages share: with the shipped model, and its data beside it."""
        self._reach(self.fixture("address"))
        self.folder = self.fixture("folder")

    def start_a_service(self, settings: str = "") -> str:
        """Start a service of one's own with the toy model, by settings as in ``recupera.toml``; return its address."""
        file = self.folder / "recupera.toml"
        file.write_text(settings, "utf-8")
        given = read_settings({"data": self.folder / "recupera-data", "delivery": _ALLOWED}, file)
        url = self.ended.enter_context(serving(create_app(given, classifier=self.fixture("tiny"), worker=False)))
        address = urlsplit(url).netloc
        self._reach(address)
        return address

    def send(self, address: str, **message: Any) -> dict[str, Any]:
        """Have a customer write; return the answer."""
        given = {"channel": "email", "text": "La lavadora llegó rota y nadie me contesta. Exijo el dinero.", **message}
        answer = httpx.post(f"http://{address}/v1/messages", json=given, trust_env=False, timeout=30)
        assert answer.status_code == 201, answer.text
        accepted: dict[str, Any] = answer.json()
        return accepted

    def open_a_mailbox(self, *texts: str, folders: tuple[str, ...] = ()) -> None:
        """Let mails lie in a mailbox of the reader's, on a server that speaks TLS."""
        why = dovecot.why_not()
        if why is not None:
            pytest.skip(why)
        user = "soporte@example.org"
        server = self.ended.enter_context(contextmanager(dovecot.running)())
        for number, text in enumerate(texts, start=1):
            name = server.deliver(user, mail(text, number=number))
            os.utime(server.maildir(user) / "new" / name, (1_794_000_000, 1_794_000_000))  # 6 November 2026
        client = server.client(user)
        for each in folders:
            client.create(each)
        client.logout()
        here = f'host = "localhost"\nport = {server.tls_port}'
        self.environment["SSL_CERT_FILE"] = str(server.ca_file)
        self.replaced |= {
            "INBOX_PASSWORD='…'": f"INBOX_PASSWORD='{dovecot.PASSWORD}'",
            "--host imap.example.org": f"--host localhost --port {server.tls_port}",
            'host = "imap.example.org"\nport = 993': here,
            'host = "imap.example.org"': here,
            "imap.example.org": "localhost",
        }

    def write_messages(self, name: str, *, column: str = "text", count: int = 40) -> Path:
        """Write messages as a table, half of them in Spanish; each column a page may ask for is there."""
        lines = [line for corpus in ("es-la", "pt-pt") for line in _lines(corpus)[: count // 2]]
        rows = [
            {"id": row["id"], column: row["text"], "date": f"2026-0{3 if number % 2 else 5}-{number % 28 + 1:02}"}
            for number, row in enumerate(map(json.loads, lines))
        ]
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.Table.from_pylist(rows), file)
        elif file.suffix == ".csv":
            import csv

            with file.open("w", encoding="utf-8", newline="") as opened:
                table = csv.DictWriter(opened, rows[0])
                table.writeheader()
                table.writerows(rows)
        else:
            file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
        return file

    def label_messages(self, name: str, *, count: int = 60) -> None:
        """Write labelled messages that the toy model has not seen."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in _lines("validation")[:count]), "utf-8")

    def put_the_toy(self, name: str) -> Path:
        """Copy the toy model to where a page looks for one."""
        model = self.folder / name
        shutil.copytree(self.fixture("tiny_model"), model)
        return model

    def have_the_repository(self) -> None:
        """Let the reader's folder hold what the repository's does, as far as pages read it."""
        for name in ("training", "pyproject.toml"):
            (self.folder / name).symlink_to(ROOT / name)

    def _reach(self, address: str) -> None:
        """Call the service, and a receiver of the page's own, by where they are."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            receiver = f"127.0.0.1:{free.getsockname()[1]}"
        host, _, port = receiver.partition(":")
        self.replaced |= {"127.0.0.1:8000": address, "127.0.0.1:9000": receiver}
        self.replaced[f'"{host}", 9000'] = f'"{host}", {port}'
        self.replaced |= {f"https://{name}": f"http://{receiver}" for name in _RECEIVERS}


def _lines(corpus: str) -> list[str]:
    return (CORPORA / f"{corpus}.jsonl").read_text("utf-8").splitlines()
