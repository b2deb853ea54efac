"""What is at stake, and what a guarantee pays because of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from api.recovery import Context, Money, Plan, Policy, default_policy, make_plan
from api.recovery.plan import GuaranteeClaim, Stake
from api.recovery.policy import Payout
from tests.api.recovery.cases import amount, classified, context

TOLD = [amount("BRL", "350.00")]


def brl(number: str) -> Money:
    return Money("BRL", Decimal(number))


def paying(**payout: Any) -> Policy:
    """Return our policy with one guarantee, which pays so."""
    policy = default_policy()
    paid = Payout.model_validate({"within": "2 business days", **payout})
    return policy.model_copy(update={"guarantee": (policy.guarantee[0].model_copy(update={"payout": paid}),)})


def planned(policy: Policy, where: Context | None = None, **labels: Any) -> Plan:
    message = classified(**{"guarantee": True, "touchpoint": "fulfilment", **labels})
    return make_plan(policy, message, where or context())


def claim(policy: Policy, where: Context | None = None, **labels: Any) -> GuaranteeClaim:
    [made] = planned(policy, where, **labels).guarantees
    return made


def test_a_plan_says_what_is_at_stake_and_who_says_so() -> None:
    policy = default_policy()
    assert planned(policy).at_stake is None
    assert planned(policy, facts=TOLD).at_stake == Stake(brl("350.00"), "message")
    assert planned(policy, context(at_stake=brl("80")), facts=TOLD).at_stake == Stake(brl("80"), "caller")
    assert planned(policy, facts=[*TOLD, amount("BRL", "9.00")]).at_stake is None


@pytest.mark.parametrize("nothing", ["0.00", "0", "-5.00", "NaN", "Infinity", "1E+40", ""])
def test_what_is_no_amount_is_not_at_stake(nothing: str) -> None:
    policy = default_policy()
    alone = planned(policy, facts=[amount("BRL", nothing)])
    assert alone.at_stake is None
    assert alone.compensation == planned(policy).compensation
    assert planned(policy, facts=[*TOLD, amount("BRL", nothing)]).at_stake == Stake(brl("350.00"), "message")


@pytest.mark.parametrize(("country", "currency"), [("MX", "MXN"), ("CO", "COP"), ("US", ""), (None, "")])
def test_a_sign_of_several_currencies_is_that_of_the_customers_country(country: str | None, currency: str) -> None:
    made = planned(default_policy(), context(country=country), facts=[amount("", "500.00")])
    assert made.at_stake == Stake(Money(currency, Decimal("500.00")), "message")
    assert made.compensation.basis == "message"


@pytest.mark.parametrize("kind", ["refund", "credit"])
def test_a_share_is_of_what_is_at_stake(kind: str) -> None:
    made = claim(paying(kind=kind, share=0.1), facts=TOLD)
    assert (made.payout, made.share, made.within) == (kind, 0.1, "2 business days")
    assert (made.basis, made.least, made.most) == ("message", brl("35.00"), brl("35.00"))
    unknown = claim(paying(kind=kind, share=0.1))
    assert (unknown.share, unknown.basis, unknown.least, unknown.most) == (0.1, None, None, None)


FLAT = [
    # amounts of the guarantee, country, amount told, what is due
    ({"BRL": 20}, "BR", [], brl("20.00")),
    ({"BRL": 20, "EUR": 5}, "PT", [], Money("EUR", Decimal("5.00"))),
    ({"BRL": 20, "EUR": 5}, "PT", TOLD, brl("20.00")),
    ({"BRL": 20}, None, [], brl("20.00")),
    ({"BRL": 20, "EUR": 5}, None, [], None),
    ({"BRL": 20, "EUR": 5}, "MX", [], None),
]


@pytest.mark.parametrize(("amounts", "country", "facts", "due"), FLAT)
def test_a_flat_amount_is_due_in_the_customers_currency(
    amounts: dict[str, float], country: str | None, facts: list[Any], due: Money | None
) -> None:
    made = claim(paying(kind="amount", amount=amounts), context(country=country), facts=facts)
    assert made.amount == tuple(
        Money(name, Decimal(number).quantize(Decimal("0.01"))) for name, number in amounts.items()
    )
    assert (made.least, made.most, made.basis) == (due, due, "flat" if due else None)


@pytest.mark.parametrize("kind", ["replacement", "redo", "as_promised"])
def test_what_is_not_money_has_no_amount(kind: str) -> None:
    made = claim(paying(kind=kind), facts=TOLD)
    assert (made.payout, made.amount, made.least, made.most, made.basis) == (kind, (), None, None, None)


def test_amounts_are_json_there_and_back() -> None:
    made = planned(paying(kind="amount", amount={"BRL": 20}), context(at_stake=brl("80.50")))
    written = json.loads(json.dumps(made.to_dict()))
    assert written["at_stake"] == {"money": {"currency": "BRL", "amount": "80.50"}, "basis": "caller"}
    [said] = written["guarantees"]
    assert said["amount"] == [{"currency": "BRL", "amount": "20.00"}]
    assert said["most"] == {"currency": "BRL", "amount": "20.00"}
    assert Plan.from_dict(written) == made


def test_a_plan_from_before_amounts_were_written_can_be_read() -> None:
    made = planned(paying(kind="refund", share=0.1), facts=TOLD)
    written = made.to_dict()
    del written["at_stake"]
    for name in ("amount", "within", "basis", "least", "most"):
        del written["guarantees"][0][name]
    read = Plan.from_dict(json.loads(json.dumps(written)))
    assert read.at_stake is None
    assert read.guarantees == (
        GuaranteeClaim("promised_date", made.guarantees[0].promise, "refund", 0.1, made.guarantees[0].step),
    )
