from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.console.conftest import Visit, send

pytestmark = pytest.mark.acceptance


def stored(address: str, message_id: str) -> dict[str, Any]:
    return httpx.get(f"{address}/v1/messages/{message_id}", trust_env=False).json()


def test_messages_are_reviewed_by_keys_alone(visit: Callable[..., Visit], address: str) -> None:
    window = visit("es")
    window.go("/review")
    keyboard, page = window.page.keyboard, window.page
    name = page.locator(".notice input[name=name]")
    name.fill("Ana")
    keyboard.press("Enter")
    page.wait_for_selector(".notice input[name=name]", state="detached")
    action = page.locator("#review").get_attribute("action") or ""
    keyboard.press("2")
    keyboard.press("4")
    keyboard.press("Enter")
    page.wait_for_selector("#kept")
    assert "crítica" in page.locator("#judging").inner_text()
    kept = stored(address, action.rsplit("/", 1)[1])
    assert kept["review"] == "done"
    assert (kept["feedback"][-1]["labels"], kept["feedback"][-1]["reviewer"]) == (
        {"complaint": True, "severity": "critical"},
        "Ana",
    )
    keyboard.press("Enter")
    page.wait_for_function("old => document.getElementById('review')?.getAttribute('action') !== old", arg=action)
    assert page.locator("#kept").count() == 0
    assert window.complaints == []


def test_an_answer_can_be_taken_back_before_it_is_kept(visit: Callable[..., Visit], address: str) -> None:
    message_id = send(address, "take-back", "Otra duda ¿?")["message_id"]
    window = visit("en")
    window.go(f"/review?message={message_id}")
    for key in ("2", "1", "Backspace", "Backspace", "1", "Enter"):
        window.page.keyboard.press(key)
    window.page.wait_for_selector("#kept")
    assert stored(address, message_id)["feedback"][-1]["labels"] == {"complaint": False}


def test_a_new_message_appears_while_one_watches(visit: Callable[..., Visit], address: str) -> None:
    window = visit("pt")
    window.go("/live")
    window.page.wait_for_function("document.getElementById('connection').textContent !== ''")
    message_id = send(address, "live", "Chegou agora mesmo, é gravísimo <b>x</b>.")["message_id"]
    first = window.page.locator(f'#live > li:first-child[data-id="{message_id}"]')
    first.wait_for(timeout=10_000)
    assert "<b>x</b>" in first.inner_text()
    assert "crítica" in first.inner_text()
    assert window.complaints == []


def test_a_step_is_done_without_leaving_the_page(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "step", "Es gravísimo. No llegó.")["case_id"]
    window = visit("en")
    window.go(f"/cases/{case_id}")
    window.page.evaluate("window.stayed = true")
    window.page.locator(".steps button").first.click()
    window.page.wait_for_selector(".steps li[data-status=done]")
    assert window.page.evaluate("window.stayed")
    steps = httpx.get(f"{address}/v1/cases/{case_id}", trust_env=False).json()["steps"]
    assert [step["status"] for step in steps].count("done") == 1
    assert window.complaints == []


def test_the_words_behind_a_decision_light_up(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "words", "Es gravísimo. Ayer no vino nadie.")["case_id"]
    window = visit("en")
    window.go(f"/cases/{case_id}")
    button = window.page.locator("button[data-shows=severity]")
    button.click()
    assert window.page.locator("mark.lit").inner_text().startswith("Es gravísimo.")
    button.click()
    assert window.page.locator("mark.lit").count() == 0
