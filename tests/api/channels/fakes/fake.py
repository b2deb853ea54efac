"""A help desk's interface on this machine: a real HTTP server that holds to what the vendor documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Call:
    method: str
    path: str
    json: Any


@dataclass
class Fake:
    """``busy``: how many requests are answered 429 first. ``lost``: paths whose next answer never arrives."""

    calls: list[Call] = field(default_factory=list)
    busy: int = 0
    retry_after: str = "1"
    lost: set[str] = field(default_factory=set)
    url: str = ""

    def routes(self) -> list[Route]:
        raise NotImplementedError

    def is_authorised(self, request: Request) -> bool:
        raise NotImplementedError

    def count(self, method: str, ending: str) -> int:
        return sum(call.method == method and call.path.endswith(ending) for call in self.calls)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        config = uvicorn.Config(self, port=0, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._app = Starlette(routes=self.routes())
        serving = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            await serving

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        json = None
        if body:
            assert request.headers["content-type"].startswith("application/json")
            json = await request.json()
        request.state.json = json
        self.calls.append(Call(request.method, request.url.path, json))
        if not self.is_authorised(request):
            response: Response = JSONResponse({"error": "unauthorised"}, 401)
        elif self.busy:
            self.busy -= 1
            response = Response(status_code=429, headers={"Retry-After": self.retry_after})
        else:
            await self._app(scope, _again(body), self._sender(request, send))
            return
        await response(scope, receive, send)

    def _sender(self, request: Request, send: Any) -> Any:
        """Do what was asked, and lose the answer if it is to be lost."""
        path = f"{request.method} {request.url.path}"
        if not any(path.endswith(lost) for lost in self.lost):
            return send
        self.lost = {lost for lost in self.lost if not path.endswith(lost)}

        async def lose(_message: Any) -> None:
            raise ConnectionError("lost on the way")

        return lose


def _again(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
