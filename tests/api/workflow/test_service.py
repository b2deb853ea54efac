import httpx
import pytest

from api.main import create_app
from api.settings import Settings
from tests.api.conftest import STEADY, Marked
from tests.api.delivery.receiver import SECRET, Receiver
from tests.api.test_destinations import made
from tests.api.test_messages import post
from tests.api.workflow.conftest import until

pytestmark = pytest.mark.anyio


async def ready(client: httpx.AsyncClient) -> dict[str, object]:
    found: dict[str, object] = (await client.get("/readyz")).json()
    return found


async def test_the_service_sees_its_cases_through_and_tells_it(database: str) -> None:
    settings = Settings(database=database, worker={"executor_id": "here"}, delivery={"allow": ["127.0.0.1"]})
    app = create_app(settings, classifier=Marked(), planner=STEADY, worker=True)
    transport = httpx.ASGITransport(app)
    async with (
        Receiver().listening() as receiver,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        await made(client, receiver.url, secret=SECRET, events=["case.escalated", "case.closed"])
        await until(lambda: _is(client, {"executor": "here", "state": "running"}), 60)
        case_id = (await post(client))["case_id"]  # its first answer was due when it came
        await until(lambda: receiver.taken, 60)
        closed = await client.post(f"/v1/cases/{case_id}/close", json={"outcome": "recovered"})
        await until(lambda: len(receiver.taken) == 2, 60)
    events = [request.event for request in receiver.taken]
    assert [(event["type"], event["data"]["case_id"]) for event in events] == [
        ("case.escalated", case_id),
        ("case.closed", case_id),
    ]
    assert events[0]["data"]["reason"] == "first_answer_missed"
    assert [happened["event"] for happened in closed.json()["history"]] == [
        "case.opened",
        "case.escalated",
        "case.closed",
    ]
    assert app.state.worker.state == "stopped"


async def _is(client: httpx.AsyncClient, worker: dict[str, str]) -> bool:
    return (await ready(client)).get("worker") == worker


async def test_without_a_worker_nothing_is_said_of_one(service: httpx.AsyncClient) -> None:
    assert "worker" not in await ready(service)
