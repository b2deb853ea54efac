"""``recupera policy backtest`` over what a real service has stored, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.backtest import past
from api.commands.backtest import _print as show
from api.planning import PolicyPlanner
from api.recovery import Money, default_policy
from api.recovery.backtest import Backtest
from api.recovery.reading import default_policy_text
from api.store import plans
from api.store.database import Store, database_url
from api.store.plans import PlannedCase, PlannedFilter
from api.store.tables import cases, messages
from tests.api.conftest import Marked, Opener
from tests.api.recovery.test_backtest import past as planned
from tests.api.recovery.test_difference import LATE, REFUND, changed
from tests.api.test_export import run
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

BR = {"id": "ana", "country": "BR"}
STAKE = {"amount": 1000, "currency": "BRL"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def planning(open_service: Opener, database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a client of a service that plans by the policy that comes with Recupera."""
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    async with open_service(Marked(), planner=PolicyPlanner(default_policy()), database=database) as client:
        yield client


async def three_cases(planning: httpx.AsyncClient) -> list[str]:
    """Store a case, one that the customer complains about three times, and one without country; and a message."""
    await post(planning, "0", "Todo bien, gracias.")
    first = await post(planning, "1", customer={"id": "eva", "country": "ES"}, received_at="2026-01-05T10:00:00Z")
    again = [await post(planning, name, customer=BR, thread_id="t") for name in ("2", "3", "4")]
    last = await post(planning, "5", "Es gravísimo.")
    return [first["case_id"], again[0]["case_id"], last["case_id"]]


def policy_file(folder: Path, *changes: tuple[str, str]) -> Path:
    text = default_policy_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "other.toml"
    path.write_text(text, encoding="utf-8")
    return path


async def stored(database: str, tmp_path: Path, **wanted: Any) -> list[PlannedCase]:
    store = await Store.inspect(database_url(database, tmp_path))
    async with store.read() as connection:
        found = [case async for case in plans.planned(connection, PlannedFilter(**wanted))]
        assert await plans.count(connection, PlannedFilter(**wanted)) == len(found)
    await store.close()
    return found


async def test_the_policy_that_planned_them_changes_no_stored_case(
    planning: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    await three_cases(planning)
    backtest = Backtest(default_policy(), (await stored(database, tmp_path))[0].opened_at)
    for case in await stored(database, tmp_path):
        happened = past(case)
        assert happened is not None
        assert backtest.replay(happened) is None
    assert backtest.report().cases == 3


async def test_nor_one_that_was_complained_about_less_gravely_again(
    planning: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    accepted = await post(planning, "1", "Es gravísimo.", customer=BR, thread_id="t", metadata=STAKE)
    steps = {step["stage"]: step["id"] for step in accepted["plan"]["steps"]}
    done = f"/v1/cases/{accepted['case_id']}/steps/{steps['greet']}/complete"
    assert (await planning.post(done, json={})).status_code == 200
    again = await post(planning, "2", "No llegó.", customer=BR, thread_id="t")
    assert again["plan"]["compensation"] == accepted["plan"]["compensation"]
    (case,) = await stored(database, tmp_path)
    happened = past(case)
    assert happened is not None
    assert [turn.classification.severity.label for turn in happened.before] == ["critical"]  # type: ignore[union-attr]
    assert (steps["greet"] in happened.done, happened.answered) == (True, True)
    assert happened.case.context.at_stake == Money("BRL", Decimal(1000))
    assert Backtest(default_policy(), case.opened_at).replay(happened) is None


async def test_a_case_comes_with_the_message_that_it_was_planned_for_last(
    planning: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    first, again, last = await three_cases(planning)
    found = {case.id: case for case in await stored(database, tmp_path)}
    assert list(found) == [last, again, first]
    context = past(found[again]).case.context  # type: ignore[union-attr]
    assert (context.contacts, context.complaints, context.double_deviation) == (2, 2, True)
    assert context.country == "BR"
    assert [len(found[name].earlier) for name in (first, again, last)] == [0, 2, 0]
    assert not any(case.corrected for case in found.values())
    assert found[first].received_at.isoformat() == "2026-01-05T10:00:00+00:00"  # type: ignore[union-attr]


async def test_an_answer_is_the_first_step_done_that_greets_or_understands(
    planning: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    accepted = await post(planning)
    stages = {step["stage"]: step["id"] for step in accepted["plan"]["steps"]}
    path = f"/v1/cases/{accepted['case_id']}/steps"
    await planning.post(f"{path}/{stages['check']}/complete", json={})
    assert (await stored(database, tmp_path))[0].answered_at is None
    done = await planning.post(f"{path}/{stages['greet']}/complete", json={})
    assert done.status_code == 200
    (case,) = await stored(database, tmp_path)
    assert case.answered_at is not None
    assert case.answered_at >= case.opened_at


async def test_the_command_prints_tables(planning: httpx.AsyncClient, tmp_path: Path) -> None:
    ids = await three_cases(planning)
    other = policy_file(
        tmp_path, ('version = "1.0.0"', 'version = "2.0.0"'), ('then = { band = "substantial" }', "then = {}"),
        ('resolution = "2 business days"', 'resolution = "3 business days"'),
    )  # fmt: skip
    result = await run("policy", "backtest", other)
    assert result.exit_code == 0, result.output
    out = result.stdout
    assert "recupera-default 2.0.0 instead of recupera-default 1.0.0 (3)" in out
    for title in ("What changes", "Bands of compensation", "Compensation, least to most", "Deadlines", "Cases"):
        assert title in out
    assert "EUR" in out
    assert ids[0] in out
    assert max(map(len, out.splitlines())) <= 140
    assert "No llegó" not in result.output


async def test_the_command_prints_json(planning: httpx.AsyncClient, tmp_path: Path) -> None:
    ids = await three_cases(planning)
    other = policy_file(tmp_path, ('then = { band = "substantial" }', 'then = { band = "exceptional" }'))
    result = await run("policy", "backtest", other, "--json")
    written = json.loads(result.stdout)
    report = written["report"]
    assert (report["cases"], report["changed"], report["unread"]) == (3, 2, 0)
    assert [case["id"] for case in written["cases"]] == [ids[1], ids[0]]
    assert written["cases"][0]["changes"]["band"] == {"before": "substantial", "after": "exceptional"}
    assert report["bands"] == [{"before": "substantial", "after": "exceptional", "cases": 2}]


async def test_json_of_no_change_is_json_too(planning: httpx.AsyncClient, tmp_path: Path) -> None:
    await three_cases(planning)
    written = json.loads((await run("policy", "backtest", policy_file(tmp_path), "--json")).stdout)
    assert (written["cases"], written["report"]["changed"]) == ([], 0)


async def test_a_backtest_is_narrowed_by_date_and_number(
    planning: httpx.AsyncClient, database: str, tmp_path: Path
) -> None:
    ids = await three_cases(planning)
    store = await Store.open(database_url(database, tmp_path))
    async with store.write() as connection:
        day = datetime(2026, 1, 5, 10, tzinfo=UTC)
        await connection.execute(cases.update().where(cases.c.id == ids[0]).values(opened_at=day))
    await store.close()
    other = policy_file(tmp_path, ('then = { band = "substantial" }', 'then = { band = "exceptional" }'))

    async def replayed(*options: str) -> int:
        return int(json.loads((await run("policy", "backtest", other, "--json", *options)).stdout)["report"]["cases"])

    assert await replayed("--until", "2026-01-06") == 1
    assert await replayed("--since", "2026-01-06") == 2
    assert await replayed("--since", "2026-01-05T09:00:00-03:00", "--until", "2026-01-05T13:00:00") == 0
    assert await replayed("--since", "2026-01-05T07:00:00-03:00", "--until", "2026-01-05T10:00:01Z") == 1
    assert await replayed("--limit", "1") == 1
    assert await replayed("--limit", "3") == 3


async def test_parts_are_joined_without_a_gap(
    planning: httpx.AsyncClient, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [(await post(planning, str(number)))["case_id"] for number in range(7)]
    monkeypatch.setattr("api.store.plans._PART", 3)
    assert [case.id for case in await stored(database, tmp_path)] == ids[::-1]
    assert [case.id for case in await stored(database, tmp_path, limit=5)] == ids[:1:-1]


async def test_what_cannot_be_replayed_is_counted(planning: httpx.AsyncClient, database: str, tmp_path: Path) -> None:
    ids = await three_cases(planning)
    store = await Store.open(database_url(database, tmp_path))
    async with store.write() as connection:
        await connection.execute(cases.update().where(cases.c.id == ids[0]).values(plan={"steps": []}))
        bare = messages.update().where(messages.c.case_id == ids[2])
        await connection.execute(bare.values(classification={"complaint": 3}))
    await store.close()
    result = await run("policy", "backtest", policy_file(tmp_path))
    assert result.exit_code == 0, result.output
    assert "0 of 1 cases change" in result.stdout
    assert "2 cases left out" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none.toml",), "no such policy"),
        (("--data", "nowhere", "other.toml"), "nowhere holds no database"),
        (("--since", "yesterday", "other.toml"), "write a day as in 2026-01-31"),
        (("--limit", "0", "other.toml"), "must be 1 or more"),
    ],
)
async def test_what_is_wrong_is_said(arguments: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    policy_file(tmp_path)
    result = await run("policy", "backtest", *arguments)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.replace("│", " ").split())
    assert not Path("nowhere").exists()


def test_the_tables_say_what_guarantees_would_pay(capsys: pytest.CaptureFixture[str]) -> None:
    backtest = Backtest(changed((REFUND, REFUND.replace("0.10", "1.00"))), datetime.now(UTC))
    found = [backtest.replay(planned(case)) for case in LATE]
    show(backtest.report(), 0, [one for one in found if one])
    out = capsys.readouterr().out
    assert "What guarantees pay, least to most" in out
    assert "35.00 to 35.00" in out
    assert "+315.00 to +315.00" in out
    assert "2 cases have a guarantee whose cost is not known; it is in no sum" in out
    assert "-promised_date: refund 10% BRL 35.00 within 2 business days +promised_date: refund 100%" in out


def test_the_policies_of_these_tests_are_policies() -> None:
    assert changed(('then = { band = "substantial" }', "then = {}")).digest != default_policy().digest
