"""What is at stake in a case, and what a band of compensation or a guarantee comes to because of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from api.recovery.case import Context, Money, positive
from api.recovery.plan import Compensation, GuaranteeClaim, Stake
from api.recovery.policy import Band, Guarantee, Payout
from classifier.types import Classification

__all__ = ["claim_of", "compensation", "stake_of"]

_CURRENCY: Final = {
    "AR": "ARS", "BR": "BRL", "CL": "CLP", "CO": "COP", "ES": "EUR", "MX": "MXN", "PE": "PEN", "PT": "EUR",
}  # fmt: skip


def stake_of(classification: Classification, context: Context) -> Stake | None:
    """Return what the caller says is at stake, else the amount that the message names, if it names exactly one.

    A sign that several currencies share (``$``) is that of the customer's country.
    """
    if context.at_stake is not None:
        return Stake(context.at_stake, "caller")
    told = _told(classification)
    if told is None:
        return None
    currency = told.currency or _CURRENCY.get(context.country or "", "")
    return Stake(Money(currency, told.amount), "message")


def compensation(band: Band, stake: Stake | None, country: str | None) -> Compensation:
    """Work out the amounts of a band: a share of the stake, else the flat ones of the customer's country."""
    basis = least = most = None
    if stake is not None and band.share[1] > 0:
        basis, (least, most) = stake.basis, (stake.money.times(share) for share in band.share)
    elif (currency := _CURRENCY.get(country or "")) is not None and currency in band.flat:
        basis, (least, most) = "flat", (Money(currency, Decimal(str(n))).times(1) for n in band.flat[currency])
    return Compensation(band.id, band.share, band.approver, basis, least, most)


def claim_of(guarantee: Guarantee, language: str, stake: Stake | None, country: str | None) -> GuaranteeClaim:
    """Return what a guarantee that applies owes, as far as it can be said in money."""
    payout = guarantee.payout
    amounts = tuple(Money(currency, Decimal(str(n))).times(1) for currency, n in sorted(payout.amount.items()))
    basis, due = _due(payout, amounts, stake, country)
    return GuaranteeClaim(
        id=guarantee.id,
        promise=guarantee.promise[language],
        payout=payout.kind,
        share=payout.share,
        step=guarantee.step,
        amount=amounts,
        within=str(payout.within),
        basis=basis,
        least=due,
        most=due,
    )


def _due(
    payout: Payout, amounts: tuple[Money, ...], stake: Stake | None, country: str | None
) -> tuple[str | None, Money | None]:
    """Return the money that is due, and what says so: of a flat amount the one in the customer's currency."""
    if payout.kind in ("refund", "credit") and payout.share is not None and stake is not None:
        return stake.basis, stake.money.times(payout.share)
    if payout.kind != "amount":
        return None, None
    by_currency = {money.currency: money for money in amounts}
    only = amounts[0].currency if len(amounts) == 1 else None
    known = (stake.money.currency if stake else None, _CURRENCY.get(country or ""), only)
    due = next((by_currency[currency] for currency in known if currency in by_currency), None)
    return ("flat", due) if due else (None, None)


def _told(classification: Classification) -> Money | None:
    """Return the amount that the message names, if it names exactly one: of several nobody knows which is at stake.

    Who was given 0 € back did not lose 0 €: nothing is no amount.
    """
    amounts = set()
    for fact in classification.facts:
        amount = positive(fact.value.get("amount"))
        if fact.kind == "amount" and "currency" in fact.value and amount is not None:
            amounts.add(Money(str(fact.value["currency"]), amount))
    return amounts.pop() if len(amounts) == 1 else None
