"""The same customer on a service that asks for keys: in paths, in a signed webhook, before the eyes of each role."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from api.access.scopes import Role, Scope
from api.planning import PolicyPlanner
from api.privacy.service import Eraser
from api.recovery import default_policy
from api.store import trail
from api.store.trail import TrailFilter
from tests.api.access.conftest import bearing, made
from tests.api.access.people import CHEAP, add_user, app_of, browser, sign_in, store_of
from tests.api.conftest import Opener
from tests.api.privacy.conftest import CUSTOMER, NAMES, PERSONAL, TEXT, Quoting, said
from tests.api.privacy.looking import in_bytes, in_files, in_tables
from tests.api.privacy.test_end_to_end import PAGES, Client, look_around, make_errors
from tests.api.workflow.conftest import until

pytestmark = pytest.mark.anyio

PUT_IN_PATHS: Final = (
    PERSONAL["cpf"], PERSONAL["phone"], PERSONAL["email"], PERSONAL["dni"], "39053344705", "+5511987654321",
    "evangelina", NAMES[0],
)  # fmt: skip
READ: Final = (
    "/v1/messages/{}", "/v1/cases/{}", "/v1/deliveries/{}", "/v1/alerts/{}", "/v1/erasures/{}", "/v1/destinations/{}",
    "/v1/keys/{}", "/cases/{}", "/live/{}", "/assets/{}", "/{}", "/v1/{}/{}",
)  # fmt: skip
CHANGED: Final = (
    "/v1/cases/CASE/steps/{}/complete", "/v1/cases/{}/steps/{}/complete", "/v1/cases/{}/close", "/cases/CASE/{}",
    "/cases/CASE/steps/{}/complete", "/users/{}/{}", "/review/{}", "/v1/channels/{}", "/v1/messages/{}/feedback",
)  # fmt: skip
WORDS: Final = tuple(dict.fromkeys((*PERSONAL.values(), *NAMES, *PUT_IN_PATHS)))
SECRET: Final = "s3cret of the webhook"
SCHEME: Final = {"header": "X-Sig", "algorithm": "sha256", "timestamp_header": "X-When"}
DOOR: Final = {
    "secret_env": "DESK_SECRET", "verify": "signature", "signature": SCHEME, "name": "shop",
    "map": {"external_id": "id", "text": "words", "customer_id": "who.id", "metadata.phone": "who.phone"},
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask_with_words_in_paths(client: Client, case: str) -> None:
    """Put personal data in every place of a path where a caller may put anything."""
    for word in (quote(word, safe="") for word in PUT_IN_PATHS):
        for path in READ:
            await client.ask("GET", path.replace("{}", word))
        for path in CHANGED:
            await client.ask("POST", path.replace("CASE", case).replace("{}", word), json={})


async def send_signed(service: httpx.AsyncClient) -> None:
    """Hand the message in as a help desk does; a forged one is refused."""
    who = {"id": CUSTOMER["id"], "phone": PERSONAL["phone"]}
    body = json.dumps({"id": "ticket-1", "words": f"{TEXT} Por la web.", "who": who}).encode()
    moment = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    sent = {"content-type": "application/json", "X-Sig": signature, "X-When": moment}
    forged = await service.post("/v1/channels/generic", content=body, headers={**sent, "X-Sig": "0" * 64})
    taken = await service.post("/v1/channels/generic", content=body, headers=sent)
    assert (forged.status_code, taken.status_code) == (401, 202)


async def see_as_people(service: httpx.AsyncClient, accepted: dict[str, Any]) -> dict[str, bytes]:
    """Return what people are shown who need not see who a customer is."""
    answers: dict[str, bytes] = {}
    for role in (Role.MANAGER, Role.ENGINEER):
        await add_user(service, role, role)
        async with browser(service) as person:
            assert (await sign_in(person, role)).status_code == 303
            client = Client(person)
            for path in (*PAGES, "/v1/cases", f"/v1/cases/{accepted['case_id']}", f"/cases/{accepted['case_id']}",
                         f"/live/{accepted['message_id']}", "/v1/messages", "/v1/export.csv"):  # fmt: skip
                await client.ask("GET", path)
            answers |= {f"{role} {name}": content for name, content in client.answers.items()}
    return answers


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nothing_of_a_path_or_a_webhook_is_kept_beside_the_message(
    open_service: Opener, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DESK_SECRET", SECRET)
    planner, settings = PolicyPlanner(default_policy()), {"signin": CHEAP, "channels": {"generic": DOOR}}
    async with open_service(Quoting(), planner, database=database, **settings) as service:
        key = await made(store_of(service), *Scope, name="crm")
        app_of(service).state.keyring.expire()
        assert (await service.get("/v1/cases")).status_code == 401
        service.headers.update(bearing(key))
        client = Client(service)
        accepted = (await service.post("/v1/messages", json=said())).json()
        await send_signed(service)
        await until(lambda: is_taken_in(service))
        await make_errors(client)
        await ask_with_words_in_paths(client, accepted["case_id"])
        await look_around(client, accepted)
        seen = await see_as_people(service, accepted)
        await app_of(service).state.trail.flush()

        kept = await records(service)
        assert len(kept) > 120
        assert {one.principal_name for one in kept} >= {"crm", "Manager", "Engineer"}
        assert in_tables(database, WORDS, but=("messages",)) == {}
        assert {name: held for name, data in client.answers.items() if (held := in_bytes(data, WORDS))} == {}
        assert {name: held for name, data in seen.items() if (held := in_bytes(data, (*WORDS, CUSTOMER["id"])))} == {}
        assert in_bytes(caplog.text, WORDS) == set()

        erased = await erase(service, monkeypatch)
        assert (erased["report"]["found"], erased["report"]["removed"]["messages"]) == ([], 2)
        everything = (*WORDS, CUSTOMER["id"], "carta-7731", "hilo-66201", "ticket-1", "Pedí una licuadora")
        assert in_tables(database, everything) == {}
        assert in_files(tmp_path, everything) == {}
        assert in_bytes(caplog.text, everything) == set()


async def is_taken_in(service: httpx.AsyncClient) -> bool:
    """Say whether the help desk's message is one of ours."""
    return bool((await service.get("/v1/messages", params={"channel": "shop"})).json()["messages"])


async def records(service: httpx.AsyncClient) -> list[Any]:
    async with store_of(service).read() as connection:
        return await trail.page(connection, TrailFilter(), before=None, limit=5000)


async def erase(service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Erase the customer right after a read, and see that this read is written down before anything is searched."""
    written: list[str] = []
    plain = Eraser.erase

    async def watched(self: Eraser, **more: Any) -> Any:
        written.extend(one.route for one in await records(service))
        return await plain(self, **more)

    monkeypatch.setattr(Eraser, "erase", watched)
    assert (await service.get("/v1/deliveries")).status_code == 200
    answer = await service.post("/v1/erasures", json={"customer_id": CUSTOMER["id"]})
    assert answer.status_code == 200, answer.text
    assert written[0] == "/v1/deliveries"
    return answer.json()
