"""The demonstration from beginning to end."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.demo.messages import MESSAGES, DemoMessage
from api.demo.narration import TEXTS
from api.demo.plan_card import plan_card
from api.demo.receiver import Receiver, receiving
from api.demo.service import serving
from api.store.records import EventType
from classifier.card import card
from classifier.errors import InputError
from classifier.types import Classification

__all__ = ["show"]

_WAIT_SECONDS: Final = 20.0
_SETTLED_SECONDS: Final = 0.6


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where it is shown, in which language it is told, and whom to call."""

    console: Console
    language: str
    client: httpx.Client

    def say(self, key: str, style: str = "", **values: Any) -> None:
        """Tell one of the texts."""
        self.console.print(Text(TEXTS[key][self.language].format(**values), style=style))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the service; raise ``InputError`` with the problem it answers."""
        answer = self.client.request(method, path, json=body)
        if answer.is_error:
            raise InputError(f"the service answered {answer.status_code} to {method} {path}: {answer.text[:200]}")
        return answer.json()


def show(console: Console, language: str, *, port: int, model: Path | None) -> bool:
    """Run the demonstration; say whether everything arrived and was verified.

    ``port`` 0 is any free one. Raise ``InputError`` if the service can't start.
    """
    began = time.monotonic()
    secret = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
    console.rule(Text(TEXTS["title"][language], style="bold"))
    console.print(Text(TEXTS["intro"][language]))
    console.print(Text(f"\n{TEXTS['starting'][language]}", style="dim"))
    with (
        tempfile.TemporaryDirectory(prefix="recupera-demo-") as folder,
        receiving(secret) as receiver,
        serving(Path(folder), port, model) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        stage = _Stage(console, language, client)
        stage.say("ready", "dim", url=url, seconds=round(time.monotonic() - began, 1), receiver=receiver.url)
        events = [str(event) for event in EventType]
        new = {"name": "crm", "url": receiver.url, "events": events, "secret": secret}
        stage.call("POST", "/v1/destinations", new)
        _messages(stage)
        good = _deliveries(stage, receiver)
    stage.say("end", "dim", seconds=round(time.monotonic() - began, 1))
    return good


def _messages(stage: _Stage) -> None:
    """Post the messages and show what becomes of each; then see the first case to its end."""
    seen: list[str] = []
    for number, message in enumerate(MESSAGES, 1):
        answer = stage.call("POST", "/v1/messages", message.request(number))
        _show_message(stage, f"{number}/{len(MESSAGES)}  {message.place} · {message.channel}", message, answer, seen)
        seen += [answer["case_id"]] if answer["case_id"] else []
    if seen:
        _close(stage, seen[0])


def _show_message(
    stage: _Stage, heading: str, message: DemoMessage, answer: Mapping[str, Any], seen: list[str]
) -> None:
    result = Classification.from_dict(answer["classification"])
    stage.console.print()
    stage.console.rule(Text(heading, style="bold"))
    stage.console.print(card(result, message.text, stage.language))
    if answer["plan"] is None:
        stage.say("praise", "green")
    else:
        stage.console.print(plan_card(answer["case_id"], answer["plan"], again=answer["case_id"] in seen))


def _close(stage: _Stage, case_id: str) -> None:
    """Do a step of a case, and close it."""
    stage.console.print()
    stage.say("closing", case=case_id[-6:])
    case = stage.call("GET", f"/v1/cases/{case_id}")
    first = next((step["id"] for step in case["steps"] if step["status"] == "pending"), None)
    if first is not None:
        stage.call("POST", f"/v1/cases/{case_id}/steps/{first}/complete", {"by": "demo"})
    stage.call("POST", f"/v1/cases/{case_id}/close", {"outcome": "recovered", "by": "demo"})


def _deliveries(stage: _Stage, receiver: Receiver) -> bool:
    """Wait for the deliveries and show them; say whether all were verified, and a forged one refused."""
    pending = _settle(stage, receiver)
    stage.console.print()
    stage.console.rule(Text(TEXTS["deliveries"][stage.language], style="bold"))
    table = Table(TEXTS["event"][stage.language], TEXTS["count"][stage.language])
    for kind, count in Counter(event["type"] for event in receiver.events.values()).most_common():
        table.add_row(kind, str(count))
    stage.console.print(table)
    refused = receiver.refused
    if refused:
        stage.say("unverified", "red", count=refused)
    if pending:
        stage.say("missing", "red", count=pending)
    good = bool(receiver.events) and not refused and not pending
    if good:
        stage.say("verified", "green", count=len(receiver.events))
    forged = _forge(receiver)
    stage.say("accepted_forgery" if forged else "forged", "red" if forged else "green")
    return good and not forged


def _settle(stage: _Stage, receiver: Receiver) -> int:
    """Wait until nothing is to be sent and nothing more comes; return how many deliveries are still pending."""
    end, quiet_since, count = time.monotonic() + _WAIT_SECONDS, time.monotonic(), -1
    pending = 0
    while time.monotonic() < end:
        pending = len(stage.call("GET", "/v1/deliveries?status=pending")["deliveries"])
        if pending or len(receiver.events) != count:
            count, quiet_since = len(receiver.events), time.monotonic()
        elif time.monotonic() - quiet_since > _SETTLED_SECONDS:
            break
        time.sleep(0.1)
    return pending


def _forge(receiver: Receiver) -> bool:
    """Send a delivery with another content under an honest signature's name; say whether it was taken."""
    name, event = next(iter(receiver.events.items()), ("none", {}))
    body = json.dumps({**event, "data": {"amount": 1_000_000}}).encode()
    headers = {"webhook-id": name, "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,Zm9yZ2Vk"}
    return httpx.post(receiver.url, content=body, headers=headers, trust_env=False).is_success
