import httpx
import pytest

from api.main import create_app
from api.settings import Settings
from tests.api.conftest import STEADY, Marked
from tests.api.test_messages import post
from tests.api.workflow.conftest import until

pytestmark = pytest.mark.anyio


async def ready(client: httpx.AsyncClient) -> dict[str, object]:
    found: dict[str, object] = (await client.get("/readyz")).json()
    return found


async def test_the_service_sees_its_cases_through(database: str) -> None:
    settings = Settings(database=database, worker={"executor_id": "here"})
    app = create_app(settings, classifier=Marked(), planner=STEADY, worker=True)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        at_work = {"executor": "here", "state": "running"}
        await until(lambda: _is(client, at_work), 30)
        case_id = (await post(client))["case_id"]  # its first answer was due when it came
        await until(lambda: _happened(client, case_id, "case.escalated"), 30)
        closed = await client.post(f"/v1/cases/{case_id}/close", json={"outcome": "recovered"})
        assert closed.json()["history"][-1]["event"] == "case.closed"
    assert app.state.worker.state == "stopped"


async def _is(client: httpx.AsyncClient, worker: dict[str, str]) -> bool:
    return (await ready(client)).get("worker") == worker


async def _happened(client: httpx.AsyncClient, case_id: str, event: str) -> bool:
    history = (await client.get(f"/v1/cases/{case_id}")).json()["history"]
    return event in [happened["event"] for happened in history]


async def test_without_a_worker_nothing_is_said_of_one(service: httpx.AsyncClient) -> None:
    assert "worker" not in await ready(service)
