"""Chatwoot: ``POST …/labels`` and ``…/custom_attributes`` replace; a message is public unless it says private."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.api.channels.fakes.fake import Fake

BASE = "/api/v1/accounts/{account:int}"
PRIORITIES = ("urgent", "high", "medium", "low", "none", None)


@dataclass
class Chatwoot(Fake):
    token: str = "chatwoot-token"
    is_administrator: bool = True
    knows_patch: bool = True
    account_labels: list[str] = field(default_factory=list)
    conversations: dict[int, dict[str, Any]] = field(default_factory=dict)

    def conversation(self, number: int, **more: Any) -> dict[str, Any]:
        made = {"id": number, "labels": [], "priority": None, "custom_attributes": {}, "messages": [], **more}
        self.conversations[number] = made
        return made

    def notes(self, number: int) -> list[dict[str, Any]]:
        return [message for message in self.conversations[number]["messages"] if message["private"]]

    def is_authorised(self, request: Request) -> bool:
        return request.headers.get("api_access_token") == self.token

    def routes(self) -> list[Route]:
        one = f"{BASE}/conversations/{{number:int}}"
        return [
            Route(f"{BASE}/labels", self._list_labels, methods=["GET"]),
            Route(f"{BASE}/labels", self._make_label, methods=["POST"]),
            Route(one, self._show, methods=["GET"]),
            Route(one, self._patch, methods=["PATCH"]),
            Route(f"{one}/toggle_priority", self._toggle, methods=["POST"]),
            Route(f"{one}/labels", self._labels, methods=["POST"]),
            Route(f"{one}/custom_attributes", self._attributes, methods=["POST"]),
            Route(f"{one}/messages", self._messages, methods=["GET"]),
            Route(f"{one}/messages", self._add, methods=["POST"]),
        ]

    def _of(self, request: Request) -> dict[str, Any]:
        found = self.conversations.get(request.path_params["number"])
        if found is None:
            raise KeyError
        return found

    async def _list_labels(self, _request: Request) -> JSONResponse:
        return JSONResponse({"payload": [{"id": i, "title": title} for i, title in enumerate(self.account_labels)]})

    async def _make_label(self, request: Request) -> JSONResponse:
        if not self.is_administrator:
            return JSONResponse({"error": "You are not authorized to do this action"}, 401)
        title = request.state.json["title"]
        assert title not in self.account_labels
        self.account_labels.append(title)
        return JSONResponse({"id": 1, "title": title})

    async def _show(self, request: Request) -> JSONResponse:
        found = self.conversations.get(request.path_params["number"])
        if found is None:
            return JSONResponse({"error": "Resource could not be found"}, 404)
        return JSONResponse({key: value for key, value in found.items() if key != "messages"})

    async def _patch(self, request: Request) -> JSONResponse:
        if not self.knows_patch:
            return JSONResponse({"error": "no route"}, 404)
        return await self._toggle(request)

    async def _toggle(self, request: Request) -> JSONResponse:
        assert request.state.json["priority"] in PRIORITIES
        self._of(request)["priority"] = request.state.json["priority"]
        return JSONResponse({"success": True})

    async def _labels(self, request: Request) -> JSONResponse:
        self._of(request)["labels"] = request.state.json["labels"]
        return JSONResponse({"payload": request.state.json["labels"]})

    async def _attributes(self, request: Request) -> JSONResponse:
        self._of(request)["custom_attributes"] = request.state.json["custom_attributes"]
        return JSONResponse({"custom_attributes": request.state.json["custom_attributes"]})

    async def _messages(self, request: Request) -> JSONResponse:
        before = int(request.query_params.get("before", 10**9))
        found = [message for message in self._of(request)["messages"] if message["id"] < before]
        return JSONResponse({"meta": {}, "payload": found[-20:]})

    async def _add(self, request: Request) -> JSONResponse:
        said, messages = request.state.json, self._of(request)["messages"]
        private = said.get("private", False)
        messages.append({"id": len(messages) + 1, "content": said["content"], "private": private})
        return JSONResponse(messages[-1])
