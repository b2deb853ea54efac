"""Freshdesk: a list of tags replaces the one before, notes are HTML, and public unless they say private."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.api.channels.fakes.fake import Fake


@dataclass
class Freshdesk(Fake):
    key: str = "desk-token"
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)

    def ticket(self, number: int, **more: Any) -> dict[str, Any]:
        made = {"id": number, "tags": ["vip"], "priority": 1, "status": 2, "custom_fields": {"cf_other": "x"},
                "conversations": [], **more}  # fmt: skip
        self.tickets[number] = made
        return made

    def tags(self, number: int) -> list[str]:
        return self.tickets[number]["tags"]

    def set_tags(self, number: int, tags: list[str]) -> None:
        self.tickets[number]["tags"] = tags

    def notes(self, number: int) -> list[str]:
        assert all(item["private"] for item in self.tickets[number]["conversations"])
        return [item["body"] for item in self.tickets[number]["conversations"]]

    def priority(self, number: int) -> Any:
        return {1: "low", 2: "normal", 3: "high", 4: "urgent"}[self.tickets[number]["priority"]]

    def is_authorised(self, request: Request) -> bool:
        expected = base64.b64encode(f"{self.key}:X".encode()).decode()
        return request.headers.get("authorization") == f"Basic {expected}"

    def routes(self) -> list[Route]:
        one = "/api/v2/tickets/{number:int}"
        return [
            Route(one, self._show, methods=["GET"]),
            Route(one, self._put, methods=["PUT"]),
            Route(f"{one}/notes", self._note, methods=["POST"]),
            Route(f"{one}/conversations", self._conversations, methods=["GET"]),
        ]

    async def _show(self, request: Request) -> JSONResponse:
        ticket = self.tickets.get(request.path_params["number"])
        if ticket is None:
            return JSONResponse({"message": "not found"}, 404)
        return JSONResponse({key: value for key, value in ticket.items() if key != "conversations"})

    async def _put(self, request: Request) -> JSONResponse:
        ticket, given = self.tickets[request.path_params["number"]], request.state.json
        assert set(given) <= {"tags", "priority", "status", "group_id", "type", "custom_fields"}
        assert given.get("priority") in (None, 1, 2, 3, 4)
        if any(len(tag) > 32 for tag in given.get("tags", ())):
            return JSONResponse({"description": "Validation failed"}, 400)
        custom = {**ticket["custom_fields"], **given.get("custom_fields", {})}
        ticket.update(given, custom_fields=custom)
        return JSONResponse(ticket)

    async def _note(self, request: Request) -> JSONResponse:
        given = request.state.json
        conversations = self.tickets[request.path_params["number"]]["conversations"]
        conversations.append({"body": given["body"], "private": given.get("private", False)})
        return JSONResponse(conversations[-1], 201)

    async def _conversations(self, request: Request) -> JSONResponse:
        page, size = (int(request.query_params.get(*given)) for given in (("page", "1"), ("per_page", "30")))
        assert size <= 100
        said = self.tickets[request.path_params["number"]]["conversations"]
        return JSONResponse(said[(page - 1) * size : page * size])
