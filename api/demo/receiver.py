"""A receiver of webhooks as a customer's system has one: it takes what the official library verifies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

__all__ = ["Receiver", "receiving"]


@dataclass(slots=True)
class Receiver:
    """``events`` holds what was verified, by ``webhook-id``; ``refused`` counts what was not."""

    secret: str
    url: str = ""
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Keep a delivery if its signature is right; a repeated one is kept once."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return False
        self.events[headers["webhook-id"]] = json.loads(body)
        return True


@contextmanager
def receiving(secret: str) -> Iterator[Receiver]:
    """Listen on a free port of this machine."""
    receiver = Receiver(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            taken = receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(204 if taken else 400)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/recupera"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
