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


def test_a_stream_that_is_refused_once_is_had_again(visit: Callable[..., Visit]) -> None:
    window = visit("en")
    page = window.page
    page.route("**/v1/events", lambda route: route.fulfill(status=503), times=1)
    window.go("/live")
    page.get_by_text("not connected; trying again").wait_for()
    page.get_by_text("connected: new messages appear on top").wait_for()


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


def test_after_a_step_by_keyboard_the_focus_goes_on_and_it_is_said(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "focus", "Es gravísimo. No llegó.")["case_id"]
    window = visit("pt")
    page = window.page
    window.go(f"/cases/{case_id}")
    steps = page.locator(".steps li[data-status=pending]")
    second, count = steps.nth(1).locator("button").get_attribute("aria-label"), steps.count()
    steps.first.locator("button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps li[data-status=done]")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == second
    assert page.locator("#said[role=status]").inner_text() == f"Passo feito: 1 de {count}."
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    page.locator("form[action$=close] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("form[action$=reopen]", state="attached")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert page.locator("#said").inner_text() == "O caso está encerrado."
    assert window.complaints == []


def test_no_control_that_has_the_focus_is_under_the_bar(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "hidden", "Es gravísimo. Nadie vino.")["case_id"]
    window = visit("es")
    page = window.page
    for width in (1440, 500):
        page.set_viewport_size({"width": width, "height": 420})
        window.go(f"/cases/{case_id}")
        page.locator("footer a").focus()
        for _ in range(20):
            page.keyboard.press("Shift+Tab")
            bar, top = page.evaluate(
                "[document.querySelector('.top').getBoundingClientRect().bottom,"
                " document.activeElement.getBoundingClientRect().top]"
            )
            assert top >= bar, page.evaluate("document.activeElement.outerHTML.slice(0, 120)")


def test_what_is_refused_leaves_the_page_and_what_was_typed(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "refused", "Es gravísimo. No llegó el sofá.")["case_id"]
    window = visit("es")
    page = window.page
    window.go(f"/cases/{case_id}")
    form = page.locator(".steps form").first
    form.locator("summary").click()
    form.locator("textarea").fill("Llamé dos veces.")
    closed = httpx.post(f"{address}/v1/cases/{case_id}/close", json={"outcome": "lost"}, trust_env=False)
    assert closed.is_success
    form.locator("button").click()
    said = form.locator("[role=alert]")
    said.locator("p").first.wait_for()
    assert said.inner_text().startswith("El caso se cerró entretanto, así que no se cambió nada.")
    assert form.locator("textarea").input_value() == "Llamé dos veces."
    assert page.locator(".steps li").count() > 1


def test_a_service_that_is_gone_is_said_where_one_asked(visit: Callable[..., Visit], address: str) -> None:
    case_id = send(address, "gone", "Es gravísimo. No llegó la mesa.")["case_id"]
    window = visit("pt")
    window.go(f"/cases/{case_id}")
    for answer in (lambda route: route.abort(), lambda route: route.fulfill(status=500, body="<b>broken</b>")):
        window.page.route("**/complete", answer)
        form = window.page.locator(".steps form").first
        form.locator("button").click()
        form.get_by_text("O serviço não respondeu como devia.").wait_for()
        assert window.page.get_by_text("broken").count() == 0
        window.page.unroute("**/complete")


def test_nothing_chosen_is_said_before_anything_is_sent(visit: Callable[..., Visit], address: str) -> None:
    message_id = send(address, "nothing", "Una duda más ¿?")["message_id"]
    window = visit("es")
    window.go(f"/review?message={message_id}")
    window.page.locator("#review button.primary").click()
    assert window.page.locator("#review [role=alert]").inner_text() == "Diga primero si es una queja."
    assert window.page.evaluate("document.activeElement.name") == "complaint"
    assert window.complaints == []


def test_the_last_days_and_chosen_dates_exclude_each_other(visit: Callable[..., Visit]) -> None:
    window = visit("en")
    window.go("/?days=7&channel=email")
    form = window.page.locator("form.figures-of")
    form.locator("[name=since]").fill("2026-11-02")
    assert form.locator("[name=days]").input_value() == ""
    assert form.locator("[name=until]").get_attribute("min") == "2026-11-02"
    form.locator("[name=days]").select_option("30")
    assert form.locator("[name=since]").input_value() == ""
