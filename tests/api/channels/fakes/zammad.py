"""Zammad: one tag a request, priorities by name, an article that the customer sees unless it is internal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.api.channels.fakes.fake import Fake


@dataclass
class Zammad(Fake):
    token: str = "desk-token"
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)

    def ticket(self, number: int, **more: Any) -> dict[str, Any]:
        made = {"id": number, "priority": "1 low", "tags": ["vip"], "articles": [], **more}
        self.tickets[number] = made
        return made

    def tags(self, number: int) -> list[str]:
        return self.tickets[number]["tags"]

    def set_tags(self, number: int, tags: list[str]) -> None:
        self.tickets[number]["tags"] = tags

    def notes(self, number: int) -> list[str]:
        assert all(article["internal"] for article in self.tickets[number]["articles"])
        return [article["body"] for article in self.tickets[number]["articles"]]

    def priority(self, number: int) -> Any:
        return {"1 low": "low", "2 normal": "normal", "3 high": "urgent"}[self.tickets[number]["priority"]]

    def is_authorised(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Token token={self.token}"

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/tickets/{number:int}", self._show, methods=["GET"]),
            Route("/api/v1/tickets/{number:int}", self._put, methods=["PUT"]),
            Route("/api/v1/tags", self._tags, methods=["GET"]),
            Route("/api/v1/tags/add", self._add, methods=["POST"]),
            Route("/api/v1/tags/remove", self._remove, methods=["DELETE"]),
            Route("/api/v1/ticket_articles/by_ticket/{number:int}", self._articles, methods=["GET"]),
        ]

    async def _show(self, request: Request) -> JSONResponse:
        ticket = self.tickets.get(request.path_params["number"])
        if ticket is None:
            return JSONResponse({"error": "No lookup value found"}, 404)
        name = {"1 low": 1, "2 normal": 2, "3 high": 3}[ticket["priority"]]
        expanded = {"priority": ticket["priority"]} if request.query_params.get("expand") == "true" else {}
        return JSONResponse({"id": ticket["id"], "priority_id": name, **expanded})

    async def _put(self, request: Request) -> JSONResponse:
        ticket, given = self.tickets[request.path_params["number"]], dict(request.state.json)
        article = given.pop("article", None)
        assert given.get("priority") in (None, "1 low", "2 normal", "3 high")
        assert "tags" not in given
        ticket.update(given)
        if article is not None:
            assert article["type"] == "note"
            ticket["articles"].append({"body": article["body"], "internal": article.get("internal", False)})
        return JSONResponse({"id": ticket["id"]})

    async def _tags(self, request: Request) -> JSONResponse:
        assert request.query_params["object"] == "Ticket"
        return JSONResponse({"tags": self.tickets[int(request.query_params["o_id"])]["tags"]})

    async def _add(self, request: Request) -> JSONResponse:
        tags = self.tickets[request.state.json["o_id"]]["tags"]
        tags.append(request.state.json["item"])
        return JSONResponse(True, 201)

    async def _remove(self, request: Request) -> JSONResponse:
        self.tickets[request.state.json["o_id"]]["tags"].remove(request.state.json["item"])
        return JSONResponse(True, 201)

    async def _articles(self, request: Request) -> JSONResponse:
        return JSONResponse(self.tickets[request.path_params["number"]]["articles"])
