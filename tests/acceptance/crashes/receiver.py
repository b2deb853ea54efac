"""A receiver of webhooks in a thread: a real HTTP server that verifies by the official library."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

__all__ = ["Arrival", "Receiver", "listening"]

_REFUSED_EACH = 60


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that was taken. ``path`` tells the destination, ``digest`` the body."""

    id: str
    path: str
    digest: str
    event: dict[str, Any]


@dataclass
class Receiver:
    """``secrets`` by path. One delivery in sixty is refused when it comes first, as by a receiver that is busy."""

    secrets: dict[str, str] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    unverified: int = 0
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    asked: set[str] = field(default_factory=set)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a delivery, and return the status to answer."""
        try:
            event = Webhook(self.secrets[path]).verify(body, headers)
        except (WebhookVerificationError, KeyError):
            with self._lock:
                self.unverified += 1
            return 401
        name = headers["webhook-id"]
        with self._lock:
            is_first = name not in self.asked
            self.asked.add(name)
            if is_first and len(self.asked) % _REFUSED_EACH == 0:
                self.refused[name] += 1
                return 503
            self.arrivals.append(Arrival(name, path, sha256(body).hexdigest(), _told(event)))
        return 204


def _told(event: Any) -> dict[str, Any]:
    """Return what is looked at of an event; whole ones would fill the memory."""
    event = event if isinstance(event, dict) else json.loads(event)
    data = event["data"]
    kept = {name: data.get(name) for name in ("message_id", "external_id", "case_id", "reason", "due_at", "outcome")}
    step = data.get("step") or {}
    return {
        "id": event["id"], "type": event["type"], **kept,
        "step": [step.get(name) for name in ("id", "revision", "follow_up")],
    }  # fmt: skip


@contextmanager
def listening() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            body = self.rfile.read(size)
            if len(body) < size:
                self.close_connection = True  # the sender was killed in the middle of it
                return
            status = receiver.answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return  # the sender was killed

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
