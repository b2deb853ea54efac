"""The guides of the service say what is: settings, addresses, bodies, events and code in them work as shown."""

from __future__ import annotations

import json
import re
import shlex
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel, TypeAdapter
from standardwebhooks import Webhook

from api.commands.alerts import _line
from api.delivery import signing
from api.delivery.schedule import DELAYS
from api.delivery.schemas import DestinationChange, NewDestination
from api.early_warning.settings import AlertSettings
from api.main import create_app
from api.recovery.check import Level, check_policy
from api.recovery.reading import default_policy, default_policy_text, read_policy
from api.routes.alerts import Alert
from api.schemas import Assignment, Closing, Completion, IncomingMessage
from api.settings import Settings, read_settings
from api.store.alerts import AlertRecord, AlertStatus
from api.store.records import EventType
from tests.test_guides import FOLDERS, OPERATING, SERVICE, _blocks, _commands, _guide, _inline

EVERY_LANGUAGE = pytest.mark.parametrize("language", FOLDERS)
EVERY_GUIDE = pytest.mark.parametrize("name", [*SERVICE, *OPERATING, "inbox", "chatwoot"])
UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours"}

BODIES: Final[dict[str, type[BaseModel]]] = {
    "/v1/messages": IncomingMessage,
    "/v1/cases/x/steps/acknowledge/complete": Completion,
    "/v1/cases/x/reassign": Assignment,
    "/v1/cases/x/close": Closing,
    "/v1/destinations": NewDestination,
    "/v1/destinations/x": DestinationChange,
}


def requests(language: str, name: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield method, path and body of each request that a guide makes with curl."""
    for block in _blocks(_guide(language, name), "sh"):
        for words in _commands(block.code):
            if not words[0].endswith("curl"):  # "answer=$(curl" too
                continue
            words = [word.removesuffix(")") for word in words[: words.index("|") if "|" in words else None]]
            body = words[words.index("-d") + 1] if "-d" in words else None
            method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
            (address,) = (word for word in words if word.startswith("http://127.0.0.1:8000/"))
            yield method, re.sub(r"\$\w+", "x", address.removeprefix("http://127.0.0.1:8000")), body


def known(setting: str) -> bool:
    """Say whether an environment variable without its ``RECUPERA_`` is a setting of the service."""
    section, _, name = setting.lower().partition("_")
    fields = Settings.model_fields
    if setting.lower() in fields:
        return True
    kind = fields[section].annotation if section in fields else None
    return isinstance(kind, type) and issubclass(kind, BaseModel) and name in kind.model_fields


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_names_settings_that_exist(language: str, name: str) -> None:
    named = re.findall(r"\bRECUPERA_([A-Z_]+)", _guide(language, name).read_text("utf-8"))

    assert [setting for setting in named if not known(setting)] == []


@pytest.mark.parametrize(("setting", "there"), [("DELIVERY_ALLOW", True), ("PORT", True), ("DELIVERY_DIVINE", False)])
def test_knows_settings_from_others(setting: str, *, there: bool) -> None:
    assert known(setting) is there


@EVERY_LANGUAGE
@pytest.mark.parametrize("name", SERVICE)
def test_shows_settings_as_they_are_read(language: str, name: str, tmp_path: Path) -> None:
    blocks = [block.code for block in _blocks(_guide(language, name), "toml") if "[[rule]]" not in block.code]
    file = tmp_path / "recupera.toml"

    for code in blocks:
        file.write_text(code, "utf-8")
        assert set(tomllib.loads(code)) <= set(Settings.model_fields)
        read_settings({}, file)

    assert blocks


def test_shows_the_settings_of_early_warning_as_they_are_without_any() -> None:
    [block] = _blocks(_guide("en", "early-warning"), "toml")

    shown = tomllib.loads(block.code)["alerts"]

    assert AlertSettings.model_validate(shown) == AlertSettings()
    assert set(shown) == set(AlertSettings.model_fields)


@EVERY_LANGUAGE
def test_shows_an_alert_as_it_is_printed(language: str) -> None:
    [shown] = [block.code for block in _blocks(_guide(language, "early-warning"), "text")]
    now = datetime(2026, 11, 2, 7, 10, tzinfo=UTC)
    figures: dict[str, Any] = {"days": 1, "count": 15, "expected": 1.2, "upper": 5, "probability": 0.0, "examples": []}
    times: dict[str, Any] = {"raised_at": now, "updated_at": now, "closed_at": None, "since": now}
    alert = AlertRecord("a", "product", "freezer", AlertStatus.OPEN, **times, **figures)

    assert shown == f"{_line(alert, language, as_json=False)}\n"


@EVERY_LANGUAGE
def test_lists_what_an_alert_says(language: str) -> None:
    rows = re.findall(r"^\| (`.+?) \|", _guide(language, "early-warning").read_text("utf-8"), flags=re.M)

    assert {field for row in rows for field in re.findall(r"`(\w+)`", row)} <= set(Alert.model_fields)


@EVERY_LANGUAGE
def test_shows_a_rule_that_the_policy_takes(language: str, tmp_path: Path) -> None:
    [rule] = [block.code for block in _blocks(_guide(language, "recovery"), "toml") if "[[rule]]" in block.code]
    file = tmp_path / "policy.toml"
    file.write_text(f"{default_policy_text()}\n{rule}", "utf-8")

    policy = read_policy(file)

    assert len(policy.rule) == len(default_policy().rule) + 1
    assert not [problem for problem in check_policy(policy) if problem.level is Level.ERROR]


@EVERY_LANGUAGE
@pytest.mark.parametrize("name", SERVICE)
def test_asks_what_is_answered(language: str, name: str) -> None:
    routes = create_app(Settings()).openapi()["paths"]
    patterns = {re.sub(r"\{\w+\}", "[^/]+", path): set(methods) for path, methods in routes.items()}

    made = list(requests(language, name))

    assert len(made) >= 2
    for method, path, body in made:
        bare = path.partition("?")[0]
        methods = [methods for pattern, methods in patterns.items() if re.fullmatch(pattern, bare)]
        assert any(method.lower() in each for each in methods), f"{method} {path}"
        if body is not None:
            BODIES[bare].model_validate_json(body)


@EVERY_LANGUAGE
@pytest.mark.parametrize("name", SERVICE)
def test_narrows_lists_as_the_reference_says(language: str, name: str) -> None:
    routes = create_app(Settings()).openapi()["paths"]
    lists = [path for method, path, _ in requests(language, name) if method == "GET" and "?" in path]
    lists += [code.removeprefix("GET ") for code in _inline(_guide(language, name)) if re.match(r"GET /.*\?", code)]

    for path in lists:
        bare, _, query = path.partition("?")
        parameters = {parameter["name"] for parameter in routes[bare]["get"]["parameters"]}
        assert {pair.partition("=")[0] for pair in query.split("&")} <= parameters


@EVERY_LANGUAGE
def test_lists_every_event(language: str) -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \|", _guide(language, "deliveries").read_text("utf-8"), flags=re.M)

    assert sorted(rows) == sorted(EventType)


@EVERY_LANGUAGE
def test_tells_when_deliveries_are_tried_again(language: str) -> None:
    text = _guide(language, "deliveries").read_text("utf-8")
    waits = re.findall(r"\| (\d+) (s|min|h)(?= \|)", text)

    assert [timedelta(**{UNITS[unit]: int(count)}) for count, unit in waits] == list(DELAYS[1:])


@EVERY_LANGUAGE
def test_shows_a_body_as_it_is_sent(language: str) -> None:
    [block] = _blocks(_guide(language, "deliveries"), "json")

    shown = TypeAdapter(dict[str, Any]).validate_json(block.code)

    assert shown["specversion"] == "1.0"
    assert shown["type"] in list(EventType)
    assert shown["subject"] == shown["partitionkey"] == shown["data"]["case_id"]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Run the receiver of the guide; return its address and its secret."""
    secret = signing.new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    [block] = _blocks(_guide("en", "deliveries"), "python")
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(block.code, names)
    server = HTTPServer(("127.0.0.1", 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/recupera", secret
    server.shutdown()
    server.server_close()
    thread.join()


def post(address: str, secret: str, delivery: str, sent: datetime) -> int:
    """Deliver an event; return the status."""
    body = json.dumps({"type": "case.closed", "data": {"case_id": "c"}})
    headers = {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, sent, body),
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_shows_a_receiver_that_takes_each_delivery_once(
    receiver: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    address, secret = receiver
    now = datetime.now(UTC)

    statuses = [post(address, secret, name, now) for name in ("a", "a", "b")]

    assert statuses == [204, 204, 204]
    assert capsys.readouterr().out == "case.closed c\n" * 2


def test_shows_a_receiver_that_refuses_what_is_not_ours(
    receiver: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    address, secret = receiver
    now = datetime.now(UTC)

    assert post(address, signing.new_secret(), "a", now) == 401
    assert post(address, secret, "a", now - timedelta(minutes=6)) == 401
    assert capsys.readouterr().out == ""


@EVERY_LANGUAGE
def test_shows_a_way_to_make_a_key(language: str) -> None:
    [line] = [line for block in _blocks(_guide(language, "deliveries"), "sh") for line in block.code.splitlines()
              if "SECRET_KEY" in line]  # fmt: skip
    code = shlex.split(line.partition("$(")[2].removesuffix(")"))[2]
    made: list[str] = []

    exec(code, {"print": made.append})

    assert read_settings({"secret_key": made[0]}).vault is not None
