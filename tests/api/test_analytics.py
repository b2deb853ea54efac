"""``/v1/analytics`` on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

PERIOD = {"since": "2026-03-01", "until": "2026-03-04"}
SCREENS = ("overview", "moments", "precision", "rules", "drift", "model", "agreement", "policy")


async def send(service: httpx.AsyncClient, text: str = "La caja llegó rota.", **more: Any) -> dict[str, Any]:
    body = {"channel": "email", "external_id": text, "text": text, "received_at": "2026-03-02T23:30:00Z", **more}
    said = await service.post("/v1/messages", json=body)
    assert said.status_code == 201, said.text
    return dict(said.json())


async def figures(service: httpx.AsyncClient, screen: str, **query: Any) -> Any:
    said = await service.get(f"/v1/analytics/{screen}", params={**PERIOD, **query})
    assert said.status_code == 200, said.text
    return said.json()["figures"]


async def test_the_first_screen(service: httpx.AsyncClient) -> None:
    await send(service)
    await send(service, "Esto es gravísimo ¿?", channel="chat")
    await send(service, "Todo bien, gracias", customer={"id": "c", "country": "MX"})
    await send(service, "Antes", received_at="2026-02-27T10:00:00Z")
    found = await figures(service, "overview")
    assert found["messages"] == {"now": 3, "before": 1}
    assert found["complaints"] == {"now": 2, "before": 1}
    assert found["needing_review"]["now"] == {"count": 1, "of": 3, "value": pytest.approx(1 / 3)}
    assert {each["label"]: each["count"]["now"] for each in found["severities"]} == {
        "low": 0, "moderate": 0, "high": 1, "critical": 1,
    }  # fmt: skip
    assert [day["messages"] for day in found["volume"]] == [0, 3, 0]
    assert [deadline["kind"] for deadline in found["deadlines"]] == ["first_answer", "resolution"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"channel": ["chat", "web"]}, 1),
        ({"country": "MX"}, 1),
        ({"language": "es"}, 3),
        ({"severity": ["high", "critical"]}, 2),
        ({"complaint": "false"}, 1),
        ({"review": "needed"}, 1),
        ({"timezone": "Europe/Madrid", "since": "2026-03-03"}, 3),
        ({"channel": "email", "complaint": "true", "motive": "altruism"}, 1),
    ],
)
async def test_filters(service: httpx.AsyncClient, query: dict[str, Any], count: int) -> None:
    await send(service)
    await send(service, "Esto es gravísimo ¿?", channel="chat")
    await send(service, "Todo bien, gracias", customer={"id": "c", "country": "MX"})
    assert (await figures(service, "overview", **query))["messages"]["now"] == count


@pytest.mark.parametrize(
    "query",
    [
        {"until": "2026-02-01"},
        {"since": "1990-01-01"},
        {"timezone": "Asia/Kolkata"},
        {"timezone": "../../etc/passwd"},
        {"country": "Spain"},
        {"limit": 5},
    ],
)
async def test_what_can_not_be_counted_by_is_refused(service: httpx.AsyncClient, query: dict[str, Any]) -> None:
    said = await service.get("/v1/analytics/overview", params={**PERIOD, **query})
    assert said.status_code == 422
    assert said.json()["type"] == "urn:recupera:problem:invalid"


@pytest.mark.parametrize(
    "query",
    [
        {"since": "1900-01-01", "until": "1900-02-01"},
        {"since": "2021-01-01", "until": "2026-12-01", "timezone": "America/Caracas"},
        {"since": "1940-01-01", "until": "1940-02-01", "timezone": "Asia/Kabul"},
    ],
)
async def test_days_are_counted_whatever_those_before_or_the_present_ones_are(
    service: httpx.AsyncClient, query: dict[str, Any]
) -> None:
    for screen in SCREENS:
        said = await service.get(f"/v1/analytics/{screen}", params=query)
        assert said.status_code == 200, (screen, said.text)
        assert said.json()["period"]["since"] == query["since"]


async def test_the_hour_within_which_the_days_before_begin_counts_as_a_whole(service: httpx.AsyncClient) -> None:
    days = {"since": "2021-01-01", "until": "2026-12-01", "timezone": "America/Caracas"}
    for text, moment in (("a", "2015-02-02T03:59:00Z"), ("b", "2015-02-02T04:15:00Z"), ("c", "2021-01-01T03:59:00Z")):
        await send(service, text, received_at=moment)
    assert (await figures(service, "overview", **days))["messages"] == {"now": 0, "before": 2}


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_screen_has_the_same_filters(service: httpx.AsyncClient, screen: str) -> None:
    query = {**PERIOD, "severity": ["high", "low"], "channel": "chat", "country": "BR", "timezone": "America/Bogota"}
    assert (await service.get(f"/v1/analytics/{screen}", params=query)).status_code == 200
    said = await service.get(f"/v1/analytics/{screen}", params={**query, "severity": "huge"})
    assert said.status_code == 422


async def test_without_days_the_last_thirty(service: httpx.AsyncClient) -> None:
    await send(service, received_at=datetime.now(UTC).isoformat())
    said = (await service.get("/v1/analytics/overview")).json()
    assert said["figures"]["messages"] == {"now": 1, "before": 0}
    since, until = (datetime.fromisoformat(said["period"][name]) for name in ("since", "until"))
    assert (until - since).days == 30


async def test_moments_of_truth(service: httpx.AsyncClient) -> None:
    await send(service)
    found = await figures(service, "moments")
    assert [moment["touchpoint"] for moment in found["moments"]] == [
        "information", "purchase", "billing", "fulfilment", "use", "support", "returns", "termination",
    ]  # fmt: skip
    (moment,) = (each for each in found["moments"] if each["messages"]["now"])
    assert (moment["satisfaction"], moment["satisfaction_before"], moment["change"]) == (25.0, None, None)
    assert moment["critical"]["now"]["value"] == 1
    assert moment["phrases"] == []
    assert set(found["formula"]) == {"es", "pt", "en"}
    assert found["weights"] == {"low": 0.25, "moderate": 0.5, "high": 0.75, "critical": 1.0}


async def test_precision_follows_the_reviews(service: httpx.AsyncClient) -> None:
    name = (await send(service))["message_id"]
    assert (await figures(service, "precision"))["reviewed"]["now"] == 0
    labels = {"complaint": True, "severity": "low", "motive": ["altruism", "restitution"]}
    await service.post(f"/v1/messages/{name}/feedback", json={"labels": labels})
    found = await figures(service, "precision")
    right = {task["task"]: task["right"]["now"] for task in found["tasks"]}
    assert (right["severity"]["value"], right["motive"]["value"], right["tone"]["value"]) == (0, 1, None)
    assert [(day["day"], day["reviewed"]) for day in found["over_time"]] == [("2026-03-02", 1)]
    assert found["models"] == {"marked 0": 1}


async def test_choices(service: httpx.AsyncClient) -> None:
    await send(service, customer={"id": "c", "country": "MX"})
    await send(service, "Hola", channel="chat", received_at="2026-01-05T10:00:00Z")
    said = (await service.get("/v1/analytics/choices")).json()
    assert said == {
        "channels": ["chat", "email"],
        "countries": ["MX"],
        "languages": ["es", "pt", "other"],
        "first": "2026-01-05",
        "last": "2026-03-02",
    }


async def test_drift_between_two_periods(service: httpx.AsyncClient) -> None:
    for place in range(6):
        await send(service, f"Antes {place}", received_at="2026-02-27T10:00:00Z")
        await send(service, f"Esto es gravísimo {place}")
    found = {each["task"]: each["index"] for each in await figures(service, "drift")}
    assert found["severity"] > 0.25 > found["tone"] == 0
