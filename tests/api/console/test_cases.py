import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

import api
from api.console.views.case import _sureness, thread_message
from api.recovery.wording import wording
from api.store import cases, destinations, messages, rows
from api.store.deliveries import DeliveryRecord
from api.store.destinations import DestinationRecord
from api.store.tables import deliveries, outbox
from tests.api.access.people import store_of
from tests.api.console.conftest import page, submit
from tests.api.test_cases import case_of
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


def cases_on(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="/cases/([0-9a-f-]{36})"', text)))


async def open_cases(console: httpx.AsyncClient, *texts: str, **more: Any) -> list[str]:
    return [(await post(console, f"q{number}", text, **more))["case_id"] for number, text in enumerate(texts)]


async def test_the_most_urgent_case_comes_first(console: httpx.AsyncClient) -> None:
    calm, grave = await open_cases(console, "No llegó.", "Es gravísimo.")
    text = await page(console, "/cases")
    assert cases_on(text) == [grave, calm]
    assert "min left" in text
    assert "<strong>2</strong> open" in text


async def test_the_queue_is_narrowed_by_what_the_address_says(console: httpx.AsyncClient) -> None:
    calm, grave = await open_cases(console, "No llegó.", "Es gravísimo.")
    assert cases_on(await page(console, "/cases?priority=urgent&owner=&channel=")) == [grave]
    assert cases_on(await page(console, "/cases?owner=logistics")) == [calm]
    assert cases_on(await page(console, "/cases?channel=chat")) == []
    assert cases_on(await page(console, "/cases?double=true")) == []
    assert cases_on(await page(console, "/cases?overdue=true")) == []
    assert "Nothing here." in await page(console, "/cases?tab=over")
    await page(console, "/cases?tab=none", 422)


@pytest.mark.parametrize("name", ["priority", "owner", "channel"])
async def test_what_is_chosen_is_shown_although_no_case_is_of_it(console: httpx.AsyncClient, name: str) -> None:
    await open_cases(console, "No llegó.")
    text = await page(console, f"/cases?{name}=gone")
    assert cases_on(text) == []
    (select,) = re.findall(f'<select name="{name}">.*?</select>', text, re.DOTALL)
    assert re.findall(r"<option[^>]*selected>([^<]*)<", select) == ["gone"]


async def test_a_long_queue_has_pages_without_gap_or_repetition(console: httpx.AsyncClient) -> None:
    opened = await open_cases(console, *[f"No llegó el pedido {number}." for number in range(43)])
    first = await page(console, "/cases")
    more = re.search(r'href="(/cases\?[^"]*after=[^"]*)"', first)
    assert more
    second = await page(console, more[1].replace("&amp;", "&"))
    assert (len(cases_on(first)), len(cases_on(second))) == (40, 3)
    assert sorted(cases_on(first) + cases_on(second)) == sorted(opened)


async def test_a_case_shows_the_words_that_speak_for_its_severity(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(
        console, "Es gravísimo. Mi correo es ana@example.org.", customer={"id": "ana@example.org"}
    )
    text = await page(console, f"/cases/{case_id}")
    assert re.search(r'<mark data-tasks="severity">Es gravísimo\.<sup>1</sup></mark>', text)
    assert "example.org" not in text
    assert "critical" in text
    assert "Why this plan" in text
    assert "Smith, Bolton &amp; Wagner" in text


async def test_personal_data_is_shown_where_the_operator_wants_it(open_service: Any) -> None:
    from tests.api.conftest import Marked

    async with open_service(Marked(), console={"mask": False}) as client:
        case_id = (await post(client, text="No llegó. ana@example.org"))["case_id"]
        assert "ana@example.org" in (await client.get(f"/cases/{case_id}")).text


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_the_plan_is_told_in_the_readers_language(console: httpx.AsyncClient, language: str) -> None:
    (case_id,) = await open_cases(console, "Es gravísimo.")
    text = await page(console, f"/cases/{case_id}", **{"accept-language": language})
    from api.recovery.wording import wording

    assert wording(language)["steps"]["ensure_safety"] in text
    assert wording(language)["stages"]["open_door"] in text


async def test_a_step_is_completed_by_a_form_with_and_without_a_script(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "Es gravísimo.")
    await submit(console, "/preferences", name="Ana", back="/")
    first, second = [step["id"] for step in (await case_of(console, case_id))["steps"]][:2]
    answer = await submit(console, f"/cases/{case_id}/steps/{first}/complete", note="Llamé <b>ya</b>")
    assert answer.headers["location"] == f"/cases/{case_id}"
    part = await submit(console, f"/cases/{case_id}/steps/{second}/complete", 200, partial=True, note="")
    assert part.text.lstrip().startswith('<div id="case"')
    assert "Llamé &lt;b&gt;ya&lt;/b&gt;" in part.text
    done = [step for step in (await case_of(console, case_id))["steps"] if step["status"] == "done"]
    assert [(step["id"], step["completed_by"], step["note"]) for step in done] == [
        (first, "Ana", "Llamé <b>ya</b>"),
        (second, "Ana", None),
    ]
    assert "in time" in part.text


async def test_a_case_is_handed_over_closed_and_reopened(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    await submit(console, f"/cases/{case_id}/reassign", owner="Bea \u202e", note="")
    assert "⟦U+202E⟧" in await page(console, f"/cases/{case_id}")
    await submit(console, f"/cases/{case_id}/close", outcome="lost", note="se fue")
    case = await case_of(console, case_id)
    assert (case["status"], case["outcome"]) == ("closed", "lost")
    assert cases_on(await page(console, "/cases?tab=over")) == [case_id]
    told = await submit(console, f"/cases/{case_id}/close", 409, outcome="recovered")
    assert "Somebody closed the case already, with another outcome." in told.text
    await submit(console, f"/cases/{case_id}/reopen")
    await submit(console, f"/cases/{case_id}/cancel")
    assert (await case_of(console, case_id))["status"] == "cancelled"


@pytest.mark.parametrize(
    ("language", "written", "owner"),
    [("es", "Mesa de crisis", "crisis_desk"), ("pt", "mesa de crise ", "crisis_desk"), ("en", "billing", "billing"),
     ("en", "Bea", "Bea")],
)  # fmt: skip
async def test_a_case_is_handed_over_to_whom_the_page_names(
    console: httpx.AsyncClient, language: str, written: str, owner: str
) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    console.headers["accept-language"] = language
    named = wording(language)["owners"]["crisis_desk"]
    assert f'<option value="{named}">' in await page(console, f"/cases/{case_id}")
    await submit(console, f"/cases/{case_id}/reassign", owner=written)
    assert (await case_of(console, case_id))["owner"] == owner


async def test_a_note_is_shown_to_its_end_line_by_line(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    note = "Hablé con ella.\n" + "Quedamos en que la llamo el lunes. " * 60 + "Fin."
    (first, *_) = (await case_of(console, case_id))["steps"]
    await submit(console, f"/cases/{case_id}/steps/{first['id']}/complete", note=note)
    await submit(console, f"/cases/{case_id}/close", outcome="lost", note=note.replace("Fin", "Adiós"))
    text = await page(console, f"/cases/{case_id}")
    assert text.count(note) == 2
    assert text.count("Adiós.") == 1


async def test_a_case_with_nothing_left_to_do_waits_to_be_closed(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    for step in (await case_of(console, case_id))["steps"]:
        await submit(console, f"/cases/{case_id}/steps/{step['id']}/complete")
    assert cases_on(await page(console, "/cases")) == []
    assert cases_on(await page(console, "/cases?tab=finish")) == [case_id]


async def test_older_messages_that_are_left_out_are_counted(
    console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.console.views.case._MOST_MESSAGES", 2)
    (case_id,) = {*await open_cases(console, *(f"Sigo sin nada, {n}." for n in range(5)), thread_id="t")}
    text = await page(console, f"/cases/{case_id}", **{"accept-language": "es"})
    assert "Sigo sin nada, 4." in text
    assert "Sigo sin nada, 2." not in text
    assert "No se muestran 3 mensajes anteriores" in text


async def test_a_case_that_is_not_there_is_said_so(console: httpx.AsyncClient) -> None:
    assert "Nothing was found" in await page(console, "/cases/none", 404)
    await page(console, "/cases/00000000-0000-7000-8000-000000000000", 404)
    await submit(console, "/cases/none/steps/x/complete", 404)
    await submit(console, "/cases/none/explode", 422)


async def test_a_fact_is_marked_where_it_stands_and_named_below(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "Es gravísimo. Me gritaron los dos y por eso exijo ya 350 euros.")
    text = await page(console, f"/cases/{case_id}")
    assert re.search(r'<span class="fact">[^<]*350 euro[^<]*<sup>a</sup></span>', text)
    assert re.search(r'<sup>a</sup> <span class="quiet">amount</span> <span lang="es">350 euros', text)


@pytest.mark.parametrize(("mask", "shown"), [(True, "<BIRTHDATE>"), (False, "12/03/1985")])
async def test_a_fact_that_is_personal_data_is_hidden_below_the_message_too(
    console: httpx.AsyncClient, mask: bool, shown: str
) -> None:
    message_id = (await post(console, "1", "No llegó. Nací el 12/03/1985."))["message_id"]
    async with store_of(console).read() as connection:
        message = await messages.get(connection, message_id)
    assert message is not None
    fact = {"kind": "date", "text": "12/03/1985", "value": {}, "start": 18, "end": 28}
    told = thread_message(replace(message, classification={"facts": [fact]}), None, None, mask=mask)
    assert [fact["text"] for fact in told.facts] == [shown]


@pytest.mark.parametrize(
    ("decision", "sureness"),
    [
        ({"label": False, "probability": 0.1}, 0.9),
        ({"label": "high", "probabilities": {"moderate": 0.3, "high": 0.6, "critical": 0.1}, "score": 1.8}, 0.6),
        ({"label": "high", "probabilities": {"moderate": 0.5, "high": 0.06, "critical": 0.44}, "score": 1.9}, None),
        ({"label": "person", "probabilities": {}}, None),
    ],
)
def test_no_share_is_told_of_what_is_not_likeliest(decision: dict[str, Any], sureness: float | None) -> None:
    assert _sureness(decision, [str(decision["label"])]) == sureness


def recorded() -> set[str]:
    """Return the names under which something is recorded in a case's history."""
    sources = [path.read_text(encoding="utf-8") for path in Path(api.__file__).parent.rglob("*.py")]
    calls = [
        call for source in sources for call in re.findall(r"\bcases\.record\(.*?\n    \w|\bcases\.record\(.*", source)
    ]
    named = {name for call in calls for name in re.findall(r'"(\w+\.\w+)"', call)}
    return named | {"case.opened", "case.escalated"}


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_everything_that_happens_to_a_case_has_a_name_in_its_history(
    console: httpx.AsyncClient, language: str
) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    events = recorded()
    assert {"case.follow_up", "case.reopened", "step.completed"} <= events
    async with store_of(console).write() as connection:
        case = await cases.get(connection, case_id)
        assert case is not None
        for event in events:
            await cases.record(connection, case, event)
    text = await page(console, f"/cases/{case_id}", **{"accept-language": language})
    history = text.partition('<ol class="history">')[2].partition("</ol>")[0]
    assert len(re.findall("<li>", history)) == len(events) + 1
    assert [event for event in sorted(events) if event in history] == []


async def test_each_attempt_of_a_delivery_is_told(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    now = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    log = [
        {"attempt": 1, "at": now.isoformat(), "ms": 1200, "status": None, "error": "timed <out>"},
        {"attempt": 2, "at": now.isoformat(), "ms": 31, "status": 503, "error": "answered 503"},
    ]
    off = (False, None, now, now, None, 0, None, 1.0, now)
    to = DestinationRecord("to", "crm", "webhook", "https://crm.example", None, ["case.opened"], {}, [], 1.0, 1, *off)
    async with store_of(console).write() as connection:
        await destinations.add(connection, to)
        (event, *_) = (await connection.execute(sa.select(outbox.c.id).where(outbox.c.case_id == case_id))).scalars()
        sent = DeliveryRecord("d", "to", event, "case.opened", "c", None, case_id, now, "dead", 2, None, log=log)
        await rows.insert(connection, deliveries, [replace(sent, response_status=503, error="answered 503")])
    text = await page(console, f"/cases/{case_id}", **{"accept-language": "es"})
    told = re.sub(r"<[^>]+>", "", text.partition('<ol class="attempts')[2].partition("</ol>")[0])
    assert "1.200 ms timed &lt;out&gt;" in told
    assert "HTTP 503 · 31 ms answered 503" in told


async def test_what_a_script_can_not_see_is_said_after_a_change(console: httpx.AsyncClient) -> None:
    (case_id,) = await open_cases(console, "No llegó.")
    assert "data-said" not in await page(console, f"/cases/{case_id}")
    for change, said in (("reassign", "The case was handed over."), ("cancel", "The case is cancelled."),
                         ("reopen", "The case is open again.")):  # fmt: skip
        part = await submit(console, f"/cases/{case_id}/{change}", 200, partial=True, owner="billing")
        assert f'data-said="{said}"' in part.text


async def test_what_customers_wrote_is_marked_with_its_language(console: httpx.AsyncClient) -> None:
    message = await post(console, "1", "No llegó ¿?")
    for path in ("/cases", f"/cases/{message['case_id']}", "/review", "/live", f"/live/{message['message_id']}"):
        text = await page(console, path)
        assert re.search(r'<(?:p|div) class="words" lang="es" dir="auto"', text), path
    assert '<q lang="es" dir="auto">' in await page(console, "/moments")


async def test_a_single_case_is_not_told_as_several(console: httpx.AsyncClient) -> None:
    await open_cases(console, "No llegó.")
    told = {}
    for language in ("es", "pt"):
        told[language] = await page(console, "/cases", **{"accept-language": language})
        assert "(1)" in await page(console, "/policy", **{"accept-language": language})
    assert "<strong>1</strong> abierto<" in told["es"]
    assert "<strong>1</strong> aberto<" in told["pt"]
