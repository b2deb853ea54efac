from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.planning import PolicyPlanner
from api.recovery import default_policy
from classifier import Classification
from classifier.types import Evidence
from tests.api.conftest import Marked, Opener

PAGES = ("/", "/moments", "/cases", "/review", "/policy", "/model", "/live")


class Pointing(Marked):
    """Like ``Marked``; the first sentence of every text speaks for its severity."""

    def predict(self, texts: Sequence[str], *, ids: Sequence[str] | None = None, **_: Any) -> list[Classification]:
        found = super().predict(texts, ids=ids)
        return [replace(result, evidence=self._spans(text, result)) for text, result in zip(texts, found, strict=True)]

    def _spans(self, text: str, result: Classification) -> tuple[Evidence, ...]:
        if result.severity is None:
            return ()
        end = text.find(".") + 1 or len(text)
        return (Evidence("severity", result.severity.label, 0, end, text[:end]),)


@pytest.fixture
async def console(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser's client of a service that plans by the default policy."""
    async with open_service(Pointing(), PolicyPlanner(default_policy())) as client:
        client.headers["accept-language"] = "en"
        client.headers["sec-fetch-site"] = "same-origin"
        yield client


async def page(console: httpx.AsyncClient, path: str, status: int = 200, **headers: str) -> str:
    answer = await console.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.text


async def submit(
    console: httpx.AsyncClient, path: str, status: int = 303, partial: bool = False, **form: Any
) -> httpx.Response:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if partial else {}
    answer = await console.post(path, data=form, headers=headers)
    assert answer.status_code == status, answer.text
    return answer
