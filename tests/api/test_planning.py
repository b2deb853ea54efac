"""Cases planned by the recovery policy itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from api.cases import Situation
from api.planning import PolicyPlanner, context_of
from api.recovery import Plan as RecoveryPlan
from api.recovery import default_policy, make_plan, policy_from
from api.recovery.case import Context, Money
from tests.api.conftest import Marked, Opener
from tests.api.test_messages import message
from tests.classifier.test_card import classification

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
CALM = Situation(
    classification=classification(),
    received_at=NOW,
    opened_at=NOW,
    channel="email",
    customer={},
    double_deviation=False,
    contacts=0,
    earlier_complaints=0,
)


def test_the_plan_is_that_of_the_policy() -> None:
    plan = PolicyPlanner(default_policy()).plan(CALM)
    read = RecoveryPlan.from_dict(plan.content)
    ours = make_plan(default_policy(), CALM.classification, Context(now=NOW, received_at=NOW, channel="email"))
    assert read == ours
    assert [step.id for step in plan.steps] == [step["id"] for step in plan.content["steps"]]
    assert (plan.priority, plan.owner) == (ours.priority, ours.queue)
    assert NOW < plan.first_answer_due <= plan.resolution_due
    assert ours.policy.digest[:12] in plan.policy_version


@pytest.mark.parametrize(
    "customer", [{"value_tier": "gold", "country": "BR"}, {"country": 7, "region": [], "timezone": "no/where"}]
)
def test_what_callers_say_of_a_customer_never_fails(customer: dict[str, Any]) -> None:
    assert PolicyPlanner(default_policy()).plan(replace(CALM, customer=customer)).steps


def test_a_running_case_keeps_its_policy() -> None:
    kept = default_policy().model_dump(mode="json")
    kept["policy"]["version"] = "older"
    plan = PolicyPlanner(default_policy()).plan(replace(CALM, policy=kept, double_deviation=True))
    assert plan.policy_version.split()[1] == "older"
    assert policy_from(kept, "kept").digest.startswith(plan.policy_version.split()[2])


SAID = [
    ({"amount": "350.00", "currency": "BRL"}, Money("BRL", Decimal("350.00")), False),
    ({"amount": 80, "currency": "EUR", "shop": "7"}, Money("EUR", Decimal(80)), False),
    ({"amount": "R$ 350", "currency": "BRL"}, None, True),
    ({"amount": {"value": 3}, "currency": "BRL"}, None, True),
    ({"amount": 3}, None, False),
    ({"currency": "BRL"}, None, False),
    ({}, None, False),
]


@pytest.mark.parametrize(("metadata", "at_stake", "unread"), SAID)
def test_the_caller_says_what_is_at_stake(metadata: dict[str, Any], at_stake: Money | None, *, unread: bool) -> None:
    context = context_of(replace(CALM, metadata=metadata), NOW)
    assert (context.at_stake, context.stake_unread) == (at_stake, unread)


async def test_an_amount_comes_over_http_and_lasts_for_the_case(open_service: Opener, tmp_path: Path) -> None:
    async with open_service(Marked(), planner=None) as client:
        sent = message(thread_id="t", metadata={"amount": "1200.50", "currency": "BRL"})
        first = (await client.post("/v1/messages", json=sent)).json()
        again = (await client.post("/v1/messages", json={**sent, "external_id": "2", "metadata": {}})).json()
        wrong = {**sent, "external_id": "3", "thread_id": "u", "metadata": {"amount": "mucho", "currency": "BRL"}}
        unread = (await client.post("/v1/messages", json=wrong)).json()
    stake = {"money": {"currency": "BRL", "amount": "1200.50"}, "basis": "caller"}
    assert first["plan"]["at_stake"] == again["plan"]["at_stake"] == stake
    least, most = first["plan"]["compensation"]["share"]
    assert first["plan"]["compensation"]["basis"] == "caller"
    assert Decimal(first["plan"]["compensation"]["most"]["amount"]) == round(Decimal("1200.50") * Decimal(str(most)), 2)
    assert Decimal(first["plan"]["compensation"]["least"]["amount"]) == round(
        Decimal("1200.50") * Decimal(str(least)), 2
    )
    assert [flag["id"] for flag in unread["plan"]["flags"]] == ["unread_amount"]
    assert unread["plan"]["at_stake"]["basis"] == "message"


@pytest.mark.parametrize("own", [True, False])
async def test_over_http(open_service: Opener, database: str, tmp_path: Path, *, own: bool) -> None:
    from api.recovery.reading import default_policy_text

    settings: dict[str, Any] = {"database": database}
    if own:
        settings["policy"] = tmp_path / "own.toml"
        settings["policy"].write_text(default_policy_text())
    planner = PolicyPlanner(default_policy()) if not own else None
    async with open_service(Marked(), planner=planner, **settings) as client:
        sent = message(thread_id="t", customer={"id": "c", "value_tier": "gold", "country": "BR"})
        first = (await client.post("/v1/messages", json=sent)).json()
        again = (await client.post("/v1/messages", json={**sent, "external_id": "2"})).json()
        case = (await client.get(f"/v1/cases/{first['case_id']}")).json()
    assert again["case_id"] == first["case_id"]
    assert first["plan"]["language"] == "es"
    assert case["plan"] == again["plan"]
    assert case["double_deviation"] is True
    present = [step for step in case["steps"] if step["revision"] == 2]
    assert [step["id"] for step in present] == [step["id"] for step in again["plan"]["steps"]]
    assert datetime.fromisoformat(case["resolution_due"]) < datetime.now(UTC) + timedelta(days=30)
    assert case["policy_version"].split()[-1] == first["plan"]["policy"]["digest"][:12]
