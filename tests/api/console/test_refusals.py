import ast
import re
from pathlib import Path

import httpx
import pytest

import api
from api.console.refusals import RefusedError, reason_of
from api.errors import ConflictError
from api.store.records import CaseStatus
from tests.api.console.conftest import page, submit
from tests.api.test_cases import case_of
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

API = Path(api.__file__).parent
ASKED = ("cases.py", "case_changes.py", "delivery/destinations.py")
"""What the forms of a case call."""
ELSEWHERE = {"only a webhook's secret can be made here"}


def conflicts() -> set[str]:
    """Return what the service says when a form of a case contradicts what is stored."""
    found = set()
    for source in ASKED:
        for node in ast.walk(ast.parse((API / source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ConflictError":
                found |= said(node.args[0])
    return found - ELSEWHERE


def said(argument: ast.expr) -> set[str]:
    """Return the texts that an argument may be: written out, or with a case's status in it."""
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    assert isinstance(argument, ast.JoinedStr)
    written = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in argument.values)
    return {written.format(status) for status in CaseStatus if status != CaseStatus.OPEN}


def test_people_are_told_of_every_conflict_that_a_case_can_have() -> None:
    found = conflicts()
    assert len(found) > 4
    assert [text for text in sorted(found) if reason_of(ConflictError(text)) is None] == []


def test_what_stands_in_a_sentence_is_kept_apart_from_it() -> None:
    error = RefusedError("at most %(count)s", count=7)
    assert (str(error), reason_of(error)) == ("at most 7", ("at most %(count)s", {"count": 7}))
    assert reason_of(ConflictError("something new")) is None


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("es", "Alguien ya cerró el caso, con otro resultado."),
        ("pt", "Alguém já encerrou o caso, com outro resultado."),
        ("en", "Somebody closed the case already, with another outcome."),
    ],
)
async def test_a_refused_form_is_told_why_in_its_own_place(
    console: httpx.AsyncClient, language: str, told: str
) -> None:
    case_id = (await post(console, "1", "No llegó."))["case_id"]
    await submit(console, f"/cases/{case_id}/close", outcome="lost")
    console.headers["accept-language"] = language
    answer = await submit(console, f"/cases/{case_id}/close", 409, partial=True, outcome="recovered")
    assert told in answer.text
    assert "the case is" not in answer.text
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("find .refusal", "innerHTML")
    whole = await submit(console, f"/cases/{case_id}/close", 409, outcome="recovered")
    assert told in whole.text
    assert "hx-retarget" not in whole.headers
    shown = await page(console, f"/cases/{case_id}")
    forms = re.findall(r"<form[^>]*hx-post[^>]*>.*?</form>", shown, re.DOTALL)
    assert forms
    assert all('<div class="refusal" role="alert"></div>' in form for form in forms)


@pytest.mark.parametrize(
    ("change", "form"), [("steps/{step}/complete", {}), ("close", {"outcome": "lost"}), ("reassign", {"owner": "Bea"})]
)
async def test_a_note_about_what_somebody_else_did_meanwhile_is_not_dropped_silently(
    console: httpx.AsyncClient, change: str, form: dict[str, str]
) -> None:
    case_id = (await post(console, "1", "No llegó."))["case_id"]
    (first, *_) = (await case_of(console, case_id))["steps"]
    path = f"/cases/{case_id}/{change.format(step=first['id'])}"
    await submit(console, path, 200, partial=True, note="La llamé.", **form)
    await submit(console, path, 200, partial=True, note="La llamé.", **form)
    await submit(console, path, 200, partial=True, note="", **form)
    told = await submit(console, path, 409, partial=True, note="Le escribí.", **form)
    assert "Somebody did this already, so your note was not kept." in told.text
    assert '<a href="">' in told.text


async def test_a_case_is_handed_over_to_somebody(console: httpx.AsyncClient) -> None:
    case_id = (await post(console, "1", "No llegó."))["case_id"]
    answer = await submit(console, f"/cases/{case_id}/reassign", 422, partial=True, owner="  ")
    assert "Say to whom the case is handed over." in answer.text


async def test_a_period_that_is_none_is_refused_in_the_readers_language(console: httpx.AsyncClient) -> None:
    pt = {"accept-language": "pt"}
    for days in ("since=2026-11-02&until=2026-11-01", "since=1990-01-01&until=2026-11-01"):
        text = await page(console, f"/moments?{days}&channel=chat", 422, **pt)
        assert "“Até” não pode vir antes de “De”, nem mais de 3660 dias depois." in text
        assert 'name="until" value="2026-11-01"' in text
        assert "<option selected>chat</option>" in text
    assert '<a href="/moments">Voltar à página</a>' in await page(console, "/moments?since=x", 422, **pt)


async def test_why_a_file_is_no_policy_is_told_in_the_language_it_is_written_in(console: httpx.AsyncClient) -> None:
    files = {"policy": ("policy.toml", b"not toml", "application/toml")}
    headers = {"HX-Request-Type": "partial", "accept-language": "es"}
    answer = await console.post("/policy/backtest", files=files, headers=headers)
    assert "Lo enviado no se puede usar." in answer.text
    assert re.search(r'<p class="mono small" lang="en">the file is not valid TOML', answer.text)
    wrong = {"policy": ("policy.toml", b"\xff\xfe", "application/toml")}
    told = (await console.post("/policy/backtest", files=wrong, headers=headers)).text
    assert "El archivo no es texto en UTF-8." in told
    assert "<p class" not in told
