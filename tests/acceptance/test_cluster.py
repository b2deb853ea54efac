"""Several services and workers on one database, one of each killed; ``cluster`` is the same at length."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import httpx
import pytest

from tests.acceptance.cluster.client import Spread
from tests.acceptance.cluster.commands import Commands
from tests.acceptance.cluster.trial import Options, Phase, failures, run
from tests.acceptance.crashes.judging import _told_twice, judged
from tests.acceptance.crashes.processes import Orders
from tests.acceptance.crashes.receiver import Arrival
from tests.acceptance.postgres import Server

pytestmark = pytest.mark.acceptance


def test_nothing_is_lost_whichever_of_them_is_killed(tmp_path: Path) -> None:
    try:
        server = Server()
    except Exception as error:
        pytest.skip(f"embedded PostgreSQL can't start here: {error}")
    try:
        outcome = run(Options(messages=48, services=2, workers=2), server, tmp_path / "run")
        report = judged(outcome.evidence)
    finally:
        server.cleanup()
    assert failures(outcome, report) == [], report.table()
    assert set(report.deaths) == {"api-0", "worker-0", "postgres"}
    assert report.counted["messages stored"] == 48
    calm, whole = outcome.phases
    assert 8 <= len(calm.took) < len(whole.took)
    assert set(outcome.worked) == {"services", "workers", "database"}
    assert all(0 < ms < 5000 for ms in outcome.worked.values())
    assert outcome.table().count("\n") == 5


def test_a_case_that_was_opened_again_may_end_again() -> None:
    told = {"type": "case.closed", "case_id": "a", "reason": None, "due_at": None, "step": []}
    arrivals = [Arrival(str(number), "/all", "", told) for number in range(2)]

    assert _told_twice(arrivals, {"a": 2}) == 0
    assert _told_twice(arrivals, {"a": 1}) == 1
    assert _told_twice([*arrivals, Arrival("2", "/all", "", told)], {"a": 2}) == 1


def test_what_a_phase_shows_is_its_rate_and_its_waits() -> None:
    phase = Phase("calm", [0.010] * 98 + [0.020, 0.500], 4.0)

    assert phase.row() == ["calm", "100", "25.0", "10", "10", "20", "500"]


def test_a_cluster_of_commands_is_started_as_an_operator_does(tmp_path: Path) -> None:
    place = Commands(tmp_path, {"RECUPERA_DATABASE": "nowhere://", "RECUPERA_DELIVERY_ALLOW": "127.0.0.1"})

    for orders in (Orders("work", "worker-1"), Orders("serve", "api-1", port=1)):
        command = place.start(orders)
        command.join()
        assert not command.is_alive()
        assert "nowhere" in place.log(orders.executor)


def test_texts_are_those_given_and_the_same_when_sent_again() -> None:
    sent: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(201, json={"message_id": sent[-1]["external_id"], "case_id": None})

    async def run() -> Spread:
        client = Spread("http://a", random.Random(1), urls=["http://a", "http://b"], texts=["uno", "dos", "tres"])
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            for number in range(1, 9):
                await client._one(http, number)
        return client

    client = asyncio.run(run())

    assert {each["external_id"]: each["text"] for each in sent}["m-4"] == "dos"
    assert len({(each["external_id"], each["text"]) for each in sent}) == 8 < len(sent)
    assert len(client.took) == len(sent)
