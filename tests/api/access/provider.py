"""A small OpenID provider on localhost, strict about PKCE, nonce, redirect and client; it can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "recupera-console", "a client's secret"
BACK = "http://localhost/sign-in/provider/back"


class Idp:
    """``claims`` are those of who signs in; ``forged`` replace what the ID token should say, ``header`` its header."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
        self.codes: dict[str, dict[str, str]] = {}
        self.reset()

    def reset(self) -> None:
        self.claims: dict[str, Any] = {"sub": "7", "preferred_username": "ana", "name": "Ana Souza"}
        self.forged: dict[str, Any] = {}
        self.unsigned = False
        self.another_key = False
        self.named: str | None = self.issuer

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.configuration),
                Route("/jwks", self.jwks),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def configuration(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        asked = request.query_params
        wanted = {"response_type": "code", "client_id": CLIENT, "redirect_uri": BACK, "code_challenge_method": "S256"}
        if any(asked.get(name) != value for name, value in wanted.items()):
            return Response("wrong request", 400)
        if not all(asked.get(name) for name in ("state", "nonce", "code_challenge")) or "openid" not in asked["scope"]:
            return Response("state, nonce or challenge is missing", 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = dict(asked)
        answer = {"code": code, "state": asked["state"]} | ({"iss": self.named} if self.named else {})
        return RedirectResponse(f"{BACK}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        begun = self.codes.pop(sent.get("code", ""), None)
        challenge = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != expected or sent.get("redirect_uri") != begun["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self._id_token(begun["nonce"])}
        )

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce}
        told = {name: value for name, value in (claims | self.claims | self.forged).items() if value is not None}
        if self.unsigned:
            return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(told)}."
        key = RSAKey.generate_key(2048, {"kid": "1"}, private=True) if self.another_key else self.key
        return jwt.encode({"alg": "RS256", "kid": "1"}, told, key)


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@contextmanager
def serving() -> Iterator[Idp]:
    """Run a provider in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    idp = Idp(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(idp.app(), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield idp
    server.should_exit = True
    thread.join(15)
