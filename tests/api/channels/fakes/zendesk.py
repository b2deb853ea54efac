"""Zendesk: a comment is public unless it says otherwise, tags are replaced, a late ``safe_update`` is refused."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.api.channels.fakes.fake import Fake


@dataclass
class Zendesk(Fake):
    user: str = "agent@example.org"
    token: str = "desk-token"
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    changes: int = 0
    meddle: Any = None

    def ticket(self, number: int, **more: Any) -> dict[str, Any]:
        made = {"id": number, "tags": ["vip"], "priority": None, "status": "open", "custom_fields": [],
                "comments": [], "updated_at": "2026-03-03T10:00:00Z", **more}  # fmt: skip
        self.tickets[number] = made
        return made

    def tags(self, number: int) -> list[str]:
        return self.tickets[number]["tags"]

    def set_tags(self, number: int, tags: list[str]) -> None:
        self._touch(self.tickets[number], tags=tags)

    def notes(self, number: int) -> list[str]:
        assert not any(comment["public"] for comment in self.tickets[number]["comments"])
        return [comment["body"] for comment in self.tickets[number]["comments"]]

    def priority(self, number: int) -> Any:
        return self.tickets[number]["priority"]

    def is_authorised(self, request: Request) -> bool:
        expected = base64.b64encode(f"{self.user}/token:{self.token}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {expected}"

    def routes(self) -> list[Route]:
        one = "/api/v2/tickets/{number:int}"
        return [
            Route(f"{one}.json", self._show, methods=["GET"]),
            Route(f"{one}.json", self._put, methods=["PUT"]),
            Route(f"{one}/comments.json", self._comments, methods=["GET"]),
        ]

    def _touch(self, ticket: dict[str, Any], **changes: Any) -> None:
        self.changes += 1
        ticket.update(changes, updated_at=f"2026-03-03T11:{self.changes // 60:02}:{self.changes % 60:02}Z")

    async def _show(self, request: Request) -> JSONResponse:
        ticket = self.tickets.get(request.path_params["number"])
        if ticket is None:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        shown = {key: value for key, value in ticket.items() if key != "comments"}
        if self.meddle:
            meddle, self.meddle = self.meddle, None
            meddle()
        return JSONResponse({"ticket": shown})

    async def _put(self, request: Request) -> JSONResponse:
        ticket, given = self.tickets[request.path_params["number"]], dict(request.state.json["ticket"])
        if ticket["status"] == "closed":
            return JSONResponse({"error": "RecordInvalid"}, 422)
        if given.pop("safe_update", False) and given.pop("updated_stamp") != ticket["updated_at"]:
            return JSONResponse({"error": "UpdateConflict"}, 409)
        comment = given.pop("comment", None)
        assert set(given) <= {"tags", "priority", "custom_fields"}
        assert given.get("priority") in (None, "urgent", "high", "normal", "low")
        if comment is not None:
            ticket["comments"].append({"body": comment["body"], "public": comment.get("public", True)})
        for item in given.pop("custom_fields", []):
            ticket["custom_fields"] = [f for f in ticket["custom_fields"] if f["id"] != item["id"]] + [item]
        self._touch(ticket, **given)
        return JSONResponse({"ticket": {"id": ticket["id"]}})

    async def _comments(self, request: Request) -> JSONResponse:
        return JSONResponse({"comments": self.tickets[request.path_params["number"]]["comments"][::-1]})
