import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import httpx
import pytest

from api.console.formats import Formats
from api.console.names import Names
from api.console.translation import locale_of
from api.console.views.policy import promises_of, told
from api.planning import PolicyPlanner
from api.recovery import Case, Money, default_policy
from api.recovery.changes import Change, Payment, Range
from api.recovery.difference import difference
from api.recovery.policy import Payout
from api.recovery.reading import default_policy_text, parse_policy
from api.recovery.wording import wording
from tests.api.conftest import Marked, Opener
from tests.api.console.conftest import page
from tests.api.recovery.cases import amount, classified, context
from tests.api.recovery.test_difference import reais
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


async def tried(console: httpx.AsyncClient, content: bytes, status: int = 200) -> str:
    files = {"policy": ("policy.toml", content, "application/toml")}
    answer = await console.post("/policy/backtest", files=files, headers={"HX-Request-Type": "partial"})
    assert answer.status_code == status, answer.text
    return answer.text


async def test_what_a_guarantee_pays_is_on_the_page_of_its_case_and_in_the_costs_of_a_trial(
    open_service: Opener, anyio_backend: str
) -> None:
    traits = '"reliability", "responsiveness", "consistency"'
    broken = f'when = {{ complaint = ["yes"], touchpoint = ["fulfilment"], quality = [{traits}] }}'
    assert broken in default_policy_text()
    ours = default_policy_text().replace(broken, 'invoked = false\nwhen = { complaint = ["yes"] }')
    async with open_service(Marked(), PolicyPlanner(parse_policy(ours, "ours"))) as client:
        client.headers.update({"accept-language": "en", "sec-fetch-site": "same-origin"})
        accepted = await post(client, "1", "No llegó.", metadata={"amount": 1000, "currency": "BRL"})
        shown = await page(client, f"/cases/{accepted['case_id']}")
        whole = await tried(client, ours.replace('"refund", share = 0.10', '"refund", share = 1.00').encode())
        other = await tried(client, ours.replace('"refund", share = 0.10', '"redo"').encode())
    assert "refund · R$100.00 · 2\u00a0business days" in shown
    assert "R$100.00" in whole
    assert "R$1,000.00" in whole
    assert "unknown cost" not in whole
    assert "1 case with a guarantee of unknown cost, in no sum" in other


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_every_rule_can_be_read(console: httpx.AsyncClient, language: str) -> None:
    text = await page(console, "/policy", **{"accept-language": language})
    from markupsafe import escape

    for rule in default_policy().rule:
        assert str(escape(rule.why[language])) in text


async def test_rules_that_fired_most_come_first_with_their_counts(console: httpx.AsyncClient) -> None:
    for number in range(3):
        await post(console, str(number), "No llegó.")
    text = await page(console, "/policy")
    assert "of the 3 cases" in text
    assert text.index("<strong>3</strong>") < text.index("<strong>0</strong>")


async def test_another_policy_is_tried_on_what_happened(console: httpx.AsyncClient) -> None:
    await post(console, "1", "No llegó.")
    await post(console, "2", "Es gravísimo.")
    same = await tried(console, default_policy_text().encode())
    assert "Cases that would change: 0 of 2" in same
    slower = default_policy_text().replace('first_answer = "1 hour"', 'first_answer = "2 hours"')
    changed = await tried(console, slower.encode())
    assert "Cases that would change: 1 of 2" in changed
    assert "first_answer" not in changed


@pytest.mark.parametrize("content", [b"\xff\xfe", b"not toml <b>", b"[policy]\nname = 1"])
async def test_a_file_that_is_no_policy_is_refused_with_the_reason(console: httpx.AsyncClient, content: bytes) -> None:
    text = await tried(console, content, 422)
    assert 'class="notice bad"' in text
    assert "<b>" not in text


async def test_a_file_that_is_too_large_is_refused(console: httpx.AsyncClient) -> None:
    await tried(console, b"#" * 1_000_001, 413)


async def test_where_something_else_plans_the_page_says_so(open_service: Opener) -> None:
    async with open_service(Marked()) as client:
        assert "not made by a policy of rules" in (await client.get("/policy")).text


@pytest.mark.parametrize(
    ("language", "due", "steps"), [("es", "Primera respuesta", "Pasos"), ("pt", "Primeira resposta", "Passos")]
)
async def test_what_another_policy_changes_is_told_in_the_readers_words(
    console: httpx.AsyncClient, language: str, due: str, steps: str
) -> None:
    await post(console, "1", "Es gravísimo.")
    console.headers["accept-language"] = language
    default = default_policy_text()
    less = re.sub(r'"ensure_safety", ', "", default).replace('first_answer = "1 hour"', 'first_answer = "2 hours"')
    text = await tried(console, less.encode())
    shown = re.sub(r"<[^>]+>", "", text.partition("<details>")[2])
    assert re.search(rf"{due}: \d+ (de )?\w+\.?, \d\d:\d\d → \d+ (de )?\w+\.?, \d\d:\d\d", shown)
    assert f"{steps}: − {wording(language)['steps']['ensure_safety']}" in shown
    assert not re.search(r"first_answer|ensure_safety|\d{4}-\d\d-\d\dT", text)


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_payment_of_a_guarantee_has_a_name(language: str) -> None:
    for kind in get_args(Payout.model_fields["kind"].annotation):
        assert Names(language).payout(kind) != kind or (language, kind) in (
            ("en", "refund"),
            ("en", "credit"),
            ("en", "replacement"),
        )


@pytest.mark.parametrize(
    ("language", "paid"),
    [
        ("es", "(reembolso, 12,5\u00a0%, 43,75\u00a0BRL, 2\u00a0días hábiles)"),
        ("pt", "(reembolso, 12,5%, R$\u00a043,75, 2\u00a0dias úteis)"),
    ],
)
def test_what_a_guarantee_pays_is_told_as_its_difference_says_it(language: str, paid: str) -> None:
    more = default_policy_text().replace('kind = "refund", share = 0.10,', 'kind = "refund", share = 0.125,')
    late = classified(guarantee=True, touchpoint="fulfilment", facts=[amount("BRL", "350.00")])
    result = difference(default_policy(), parse_policy(more, "more"), [Case("late", late, context())])
    fmt = Formats(locale_of(language), UTC, datetime(2026, 11, 29, tzinfo=UTC))
    promises = promises_of([default_policy()], language)
    (change,) = (told(each, Names(language), fmt, promises) for each in result.changed[0].changes)
    assert change.gained == [f"{promises['promised_date']} {paid}"]


def test_a_guarantee_whose_name_reads_like_a_payment_is_told_by_its_name() -> None:
    names, fmt = Names("en"), Formats(locale_of("en"), UTC, datetime(2026, 11, 29, tzinfo=UTC))
    odd = Payment("late: refund 50%", "credit", 0.1225, within="1 month")
    change = told(Change("payouts", (), (odd,)), names, fmt, {})
    assert change.gained == ["late: refund 50% (credit, 12.25%, 1\u00a0month)"]


def test_values_of_a_plan_are_named_and_lists_say_what_they_gain_and_lose() -> None:
    names, fmt = Names("pt"), Formats(locale_of("pt"), UTC, datetime(2026, 11, 29, tzinfo=UTC))
    told_of = {
        change.what: told(change, names, fmt, {"late": "Entrega em dia"})
        for change in (
            Change("priority", "low", "urgent"),
            Change("queue", "our_desk", None),
            Change("compensation", None, Range(reais("15.00"), reais("1300.50"))),
            Change("steps", ("thank", "listen"), ("listen", "thank")),
            Change("guarantees", (), ("late",)),
            Change(
                "payouts",
                (Payment("late", "refund", 0.1, within="2 days"),),
                (Payment("late", "amount", sums=(reais("5.00"), Money("EUR", Decimal(1))), within="1 business day"),),
            ),
            Change("promises", ("Hoje",), ("Amanhã",)),
        )
    }
    assert (told_of["priority"].before, told_of["priority"].after) == ("Baixa", "Urgente")
    assert (told_of["queue"].before, told_of["queue"].after) == ("our_desk", "–")
    assert told_of["compensation"].after == "R$\u00a015,00 – R$\u00a01.300,50"
    assert (told_of["steps"].gained, told_of["steps"].lost) == ([], [])
    assert told_of["guarantees"].gained == ["Entrega em dia"]
    assert told_of["payouts"].lost == ["Entrega em dia (reembolso, 10%, 2\u00a0dias)"]
    assert told_of["payouts"].gained == ["Entrega em dia (valor fixo, R$\u00a05,00, €\u00a01,00, 1\u00a0dia útil)"]
    assert told_of["promises"].gained == ["Amanhã"]
