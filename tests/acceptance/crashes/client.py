"""A client that posts messages until each is answered, sends some again, and closes some of the cases."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Client"]

_LANES = 8
_TEXTS = (
    "O pedido {n} chegou quebrado e ninguém responde.",
    "Llevo semanas esperando el pedido {n} y nadie me contesta.",
    "Todo bien con el pedido {n}, gracias.",
    "Es gravísimo: cobraron dos veces el pedido {n}.",
    "¿? El pedido {n} no sé si llegó, tardó mucho.",
)


@dataclass
class Client:
    """``allowed``: how many messages may have been sent by now; ``answers``: the message of each external id."""

    url: str
    chance: random.Random
    answers: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    allowed: int = 0
    sent: int = 0
    ended: bool = False

    async def run(self) -> None:
        """Send until ``ended``, and all that was begun is answered."""
        limits = httpx.Limits(max_connections=_LANES)
        async with httpx.AsyncClient(base_url=self.url, timeout=20, limits=limits) as http:
            await asyncio.gather(*(self._lane(http) for _ in range(_LANES)))

    async def _lane(self, http: httpx.AsyncClient) -> None:
        while not (self.ended and self.sent >= self.allowed):
            if self.sent >= self.allowed:
                await asyncio.sleep(0.02)
                continue
            self.sent += 1
            await self._one(http, self.sent)

    async def _one(self, http: httpx.AsyncClient, number: int) -> None:
        """See a message through: posted, posted again now and then, its case closed now and then."""
        message = _message(number)
        got = await self._insist(http, "/v1/messages", message)
        self._learn(message["external_id"], got)
        if number % 4 == 0:  # as if the answer had been lost
            self._learn(message["external_id"], await self._insist(http, "/v1/messages", message))
        if number % 3 == 0 and got["case_id"]:
            await self._insist(http, f"/v1/cases/{got['case_id']}/close", {"outcome": "recovered"})
            self.closed.add(got["case_id"])

    def _learn(self, external_id: str, got: dict[str, Any]) -> None:
        if self.answers.setdefault(external_id, got["message_id"]) != got["message_id"]:
            self.contradictions.append(external_id)

    async def _insist(self, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post until it is answered."""
        while True:
            try:
                answer = await http.post(path, json=body)
            except httpx.HTTPError as error:
                self.statuses[type(error).__name__] += 1
                await asyncio.sleep(self.chance.uniform(0.05, 0.3))
                continue
            self.statuses[str(answer.status_code)] += 1
            if answer.status_code in (200, 201):
                return answer.json()  # type: ignore[no-any-return]
            if answer.status_code != 503:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(min(1.0, float(answer.headers["retry-after"])))


def _message(number: int) -> dict[str, Any]:
    """Return a message; every fifth goes on with the conversation before it."""
    conversation = number - 1 if number % 5 == 4 else number
    return {
        "channel": "email",
        "external_id": f"m-{number}",
        "text": _TEXTS[number % len(_TEXTS)].format(n=number),
        "customer": {"id": f"c-{conversation}", "country": "BR"},
        "thread_id": f"t-{conversation}",
    }
