"""What a page shows of model, reviewers and policy is what ``/v1/analytics`` says, with the same filters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.recovery.reading import default_policy_text
from classifier.types import ModelInfo
from tests.api.conftest import Opener
from tests.api.console.conftest import Pointing, page
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


class Newer(Pointing):
    """The same model in a later version."""

    model = ModelInfo("marked", "1", "1")


async def figures(console: httpx.AsyncClient, name: str, days: int = 90, **query: Any) -> Any:
    """Return the figures of the ``days`` up to today."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    said = await console.get(f"/v1/analytics/{name}", params={"since": since.isoformat(), **query})
    assert said.status_code == 200, said.text
    return said.json()["figures"]


async def judge(console: httpx.AsyncClient, message_id: str, reviewer: str = "Ana", **labels: Any) -> None:
    body = {"labels": {"complaint": True, **labels}, "reviewer": reviewer}
    said = await console.post(f"/v1/messages/{message_id}/feedback", json=body)
    assert said.status_code == 201, said.text


async def some_judged(console: httpx.AsyncClient) -> None:
    """Have messages of two channels judged: of ``chat`` one, left as it was."""
    for number, (channel, severity) in enumerate([("email", "high"), ("email", "low"), ("chat", "high")]):
        message_id = (await post(console, str(number), "No llegó.", channel=channel))["message_id"]
        await judge(console, message_id, severity=severity)


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the rows after a heading's id."""
    table = re.findall(r"<tbody>(.*?)</tbody>", text[text.index(f'id="{heading}"') :], re.DOTALL)[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("</tr>")]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in cells if row]


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


@pytest.mark.parametrize(("query", "judged"), [({}, 3), ({"channel": "chat"}, 1), ({"channel": "none"}, 0)])
async def test_the_model(console: httpx.AsyncClient, query: dict[str, str], judged: int) -> None:
    await some_judged(console)
    told, text = await figures(console, "model", **query), await page(console, f"/model?{httpx.QueryParams(query)}")
    assert (told["name"], told["version"], told["reviewed"]) == ("marked", "0", judged)
    if not judged:
        assert "No answer of this model to these messages has been reviewed." in text
        return
    severity = next(row for row in told["tasks"] if row["task"] == "severity")
    assert severity["count"] == judged
    assert [row[1:4] for row in rows(text, "judged")] == [
        [str(row["count"]), percent(row["right"]), percent(row["sureness"])] for row in told["tasks"]
    ]
    assert [[row[0], row[1], row[3]] for row in rows(text, "calibration")] == [
        [percent(part["sureness"]), percent(part["right"]), str(part["count"])] for part in told["calibration"]
    ]
    assert rows(text, "coverage") == [
        [percent(row["threshold"]), percent(row["right"]), percent(row["share"])] for row in told["coverage"]
    ]


async def test_a_filter_by_label_takes_what_people_said(console: httpx.AsyncClient) -> None:
    await some_judged(console)
    assert (await figures(console, "model", severity="low"))["reviewed"] == 1
    assert (await figures(console, "model", severity="high", channel="email"))["reviewed"] == 1
    assert (await figures(console, "model", since="2020-01-01", until="2020-02-01"))["reviewed"] == 0


async def test_more_reviews_than_are_read_at_once(console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await some_judged(console)
    monkeypatch.setattr("api.analytics.reviewed._MOST_JUDGED", 1)
    assert (await figures(console, "model", severity="low"))["reviewed"] == 1
    assert (await figures(console, "model"))["reviewed"] == 1


async def test_another_models_reviews_are_not_those_of_this_one(open_service: Opener) -> None:
    planner = PolicyPlanner(default_policy())
    async with open_service(Pointing(), planner) as console:
        await some_judged(console)
    async with open_service(Newer(), planner) as console:
        told = await figures(console, "model")
        assert (told["version"], told["reviewed"], told["tasks"], told["calibration"]) == ("1", 0, [], [])
        assert told["verdict"]["because"] == [{"reason": "few", "value": 0, "of": 200, "task": None}]
        assert "No answer of this model to these messages" in await page(console, "/model", **{"accept-language": "en"})


async def test_no_filter_changes_the_verdict(console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.analytics.retraining._ENOUGH", 2)
    before = (datetime.now(UTC) - timedelta(days=100)).isoformat()
    for number in range(3):
        await post(console, f"a{number}", "No llegó.", channel="chat", received_at=before)
        await post(console, f"b{number}", "Es gravísimo.", received_at=before)
        await post(console, f"c{number}", "Es gravísimo.", channel="chat")
        await post(console, f"d{number}", "No llegó.")
    told = await figures(console, "model", channel="chat")
    assert {item["task"]: item["index"] > 0.25 for item in told["drift"]}["severity"]
    assert told["verdict"] == (await figures(console, "model"))["verdict"]
    assert told["verdict"]["worth_it"] is None
    assert "Not known yet" in await page(console, "/model?channel=chat")


async def test_how_far_reviewers_agree(console: httpx.AsyncClient) -> None:
    for number, (one, other) in enumerate([("low", "low"), ("low", "high"), ("high", "high")]):
        message_id = (await post(console, str(number), "No llegó.", channel=("chat", "web", "web")[number]))[
            "message_id"
        ]
        await judge(console, message_id, severity=one)
        await judge(console, message_id, "Bruno", severity=other)
    await judge(console, (await post(console, "alone", "No llegó."))["message_id"], severity="low")
    told = await figures(console, "agreement")
    assert told["messages"] == 3
    severity = next(row for row in told["tasks"] if row["task"] == "severity")
    assert (severity["messages"], severity["pairs"], severity["same"]) == (3, 3, 2)
    assert rows(await page(console, "/review"), "agreement") == [
        [
            row["task"],
            str(row["messages"]),
            percent(row["share"]),
            "–" if row["alpha"] is None else f"{row['alpha']:.2f}",
        ]
        for row in told["tasks"]
    ]
    assert (await figures(console, "agreement", channel="chat"))["messages"] == 1


async def test_the_policy(console: httpx.AsyncClient) -> None:
    for number in range(3):
        await post(console, str(number), "No llegó.", channel=("chat", "web", "web")[number])
    told, text = await figures(console, "policy", 30, channel="web"), await page(console, "/policy?channel=web")
    policy = default_policy()
    assert (told["name"], told["version"]) == (policy.policy.name, policy.policy.version)
    assert told["cases"] == {"now": 2, "before": 0}
    fired = [rule["cases"]["now"] for rule in told["rules"]]
    assert [int(row[0]) for row in rows(text, "rules")] == fired
    assert (fired[0], len(fired)) == (2, len(policy.rule))
    assert {rule["rule"]: rule["why"]["es"] for rule in told["rules"]} == {rule.id: rule.why.es for rule in policy.rule}
    assert [len(told[name]) for name in ("priorities", "bands", "guarantees")] == [
        len(policy.priority), len(policy.band), len(policy.guarantee),
    ]  # fmt: skip


async def test_another_policy_is_tried(console: httpx.AsyncClient) -> None:
    await post(console, "1", "No llegó.")
    message_id = (await post(console, "2", "Es gravísimo."))["case_id"]
    slower = default_policy_text().replace('first_answer = "1 hour"', 'first_answer = "2 hours"')
    said = await console.post("/v1/analytics/policy/backtest", content=slower)
    assert said.status_code == 200, said.text
    (case,) = said.json()["cases"]
    assert case["id"] == message_id
    assert "first_answer" in case["changes"]
    assert {name: said.json()["report"][name] for name in ("cases", "changed", "unread")} == {
        "cases": 2, "changed": 1, "unread": 0,
    }  # fmt: skip
    files = {"policy": ("policy.toml", slower.encode(), "application/toml")}
    assert "1 of 2" in (await console.post("/policy/backtest", files=files)).text


@pytest.mark.parametrize(
    ("content", "status"), [(b"\xff\xfe", 422), (b"not toml", 422), (b"", 422), (b"#" * 1_000_001, 413)]
)
async def test_what_is_no_policy_is_refused(console: httpx.AsyncClient, content: bytes, status: int) -> None:
    said = await console.post("/v1/analytics/policy/backtest", content=content)
    assert (said.status_code, said.headers["content-type"]) == (status, "application/problem+json")


async def test_where_something_else_plans_there_are_no_tables(open_service: Opener) -> None:
    async with open_service(Pointing()) as console:
        told = await figures(console, "policy")
    assert (told["name"], told["rules"]) == (None, [])
