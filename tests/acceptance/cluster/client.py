"""A client of several services: who does not answer is passed over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.acceptance.crashes.client import Client

__all__ = ["Spread"]


@dataclass
class Spread(Client):
    """``urls``: of the services, taken in turn; ``took``: seconds from the first try to the answer of each message.

    ``texts``: what the messages say, one after the other, where it shall be something else than of the other trials.
    """

    urls: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    texts: Sequence[str] = ()
    _turn: int = 0

    async def _insist(self, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post until it is answered, each time to the next service."""
        if self.texts and path == "/v1/messages":
            number = int(body["external_id"].rpartition("-")[2])
            body = {**body, "text": self.texts[number % len(self.texts)]}
        began = time.perf_counter()
        while True:
            self._turn += 1
            url = self.urls[self._turn % len(self.urls)]
            try:
                answer = await http.post(f"{url}{path}", json=body)
            except httpx.HTTPError as error:
                self.statuses[type(error).__name__] += 1
                await asyncio.sleep(self.chance.uniform(0.02, 0.1))
                continue
            self.statuses[str(answer.status_code)] += 1
            if answer.status_code in (200, 201):
                if path == "/v1/messages":
                    self.took.append(time.perf_counter() - began)
                return answer.json()  # type: ignore[no-any-return]
            if answer.status_code != 503:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(self.chance.uniform(0.05, 0.2))
