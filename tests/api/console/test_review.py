import json
import re

import httpx
import pytest

from tests.api.console.conftest import page, submit
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


def asked(text: str) -> list[str]:
    return re.findall(r'data-task="(\w+)"', text)


async def test_only_what_the_model_is_unsure_of_is_asked_without_its_answer(console: httpx.AsyncClient) -> None:
    await post(console, "sure", "No llegó.")
    await post(console, "unsure", "No llegó todavía ¿?")
    text = await page(console, "/review")
    assert "No llegó todavía" in text
    assert asked(text) == ["complaint", "severity"]
    assert " checked" not in text.partition('id="review"')[2].partition("</form>")[0]
    assert "It cost time, money or the use of the product" in text


async def test_labels_are_kept_and_then_a_second_opinion_is_shown(console: httpx.AsyncClient) -> None:
    message_id = (await post(console, "1", "No llegó ¿?"))["message_id"]
    await submit(console, "/preferences", name="Ana", back="/review")
    form = {"complaint": "yes", "severity": "critical", "motive": ["altruism", "restitution"], "comment": "grave"}
    answer = await submit(console, f"/review/{message_id}", 200, partial=True, **form)
    assert "critical" in answer.text
    assert "≠ high" in answer.text
    stored = (await console.get(f"/v1/messages/{message_id}")).json()
    assert stored["review"] == "done"
    (kept,) = stored["feedback"]
    assert kept["labels"] == {"complaint": True, "severity": "critical", "motive": ["altruism", "restitution"]}
    assert (kept["reviewer"], kept["comment"]) == ("Ana", "grave")
    assert "All read." in await page(console, "/review")
    assert "by Ana" in await page(console, f"/cases/{stored['case_id']}")


async def test_what_is_no_complaint_has_no_severity(console: httpx.AsyncClient) -> None:
    message_id = (await post(console, "1", "No llegó ¿?"))["message_id"]
    await submit(console, f"/review/{message_id}", complaint="no", severity="low", tone="calm")
    (kept,) = (await console.get(f"/v1/messages/{message_id}")).json()["feedback"]
    assert kept["labels"] == {"complaint": False, "tone": "calm"}
    assert kept["reviewer"] is None


@pytest.mark.parametrize(
    ("form", "cause"),
    [
        ({}, "Diga primero si es una queja."),
        ({"severity": "low"}, "Diga primero si es una queja."),
        ({"complaint": "maybe"}, "Elija una de las respuestas de cada pregunta."),
        ({"complaint": "yes", "severity": "huge"}, "Elija una de las respuestas de cada pregunta."),
    ],
)
async def test_labels_that_are_none_are_refused_for_what_is_wrong_with_them(
    console: httpx.AsyncClient, form: dict[str, str], cause: str
) -> None:
    message_id = (await post(console, "1", "No llegó ¿?"))["message_id"]
    console.headers["accept-language"] = "es"
    answer = await submit(console, f"/review/{message_id}", 422, partial=True, **form)
    assert cause in answer.text
    assert answer.headers["hx-retarget"] == "find .refusal"
    assert (await console.get(f"/v1/messages/{message_id}")).json()["feedback"] == []


async def test_a_message_can_be_skipped(console: httpx.AsyncClient) -> None:
    first = (await post(console, "1", "Primera ¿?"))["message_id"]
    await post(console, "2", "Segunda ¿?")
    assert "Primera" in await page(console, "/review")
    assert "Segunda" in await page(console, f"/review?after={first}")
    await page(console, "/review?message=none", 404)


async def test_another_person_reads_it_again_and_agreement_is_told(console: httpx.AsyncClient) -> None:
    message_id = (await post(console, "1", "No llegó ¿?"))["message_id"]
    await submit(console, "/preferences", name="Ana", back="/")
    await submit(console, f"/review/{message_id}", complaint="yes", severity="low")
    assert "All read." in await page(console, "/review?second=true")
    await submit(console, "/preferences", name="Bruno", back="/")
    assert "No llegó" in await page(console, "/review?second=true")
    form = {"complaint": "yes", "severity": "high", "second": "true"}
    answer = await submit(console, f"/review/{message_id}", 200, partial=True, **form)
    assert "Ana: low" in answer.text
    assert "second=true" in answer.text
    text = await page(console, "/review?second=true")
    assert "All read." in text
    assert re.search(r'<th scope="row">severity</th><td class="number">1</td><td class="number">0%</td>', text)


async def test_corrections_are_downloaded_as_training_reads_them(console: httpx.AsyncClient) -> None:
    message_id = (await post(console, "1", "No llegó ¿?"))["message_id"]
    await submit(console, f"/review/{message_id}", complaint="yes", severity="low")
    answer = await console.get("/review/corrections.jsonl")
    assert "attachment" in answer.headers["content-disposition"]
    (line,) = [json.loads(line) for line in answer.text.splitlines()]
    assert (line["text"], line["labels"]["severity"]) == ("No llegó ¿?", "low")
