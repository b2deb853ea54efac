"""What keeps other sites out: a strict policy for what a page may load, and no form of theirs is taken.

A browser says with each request whether it comes from this site (``Sec-Fetch-Site``, or ``Origin`` where it is too old
for that), and no page can make it lie. Where somebody is signed in, forms carry a token of the session besides.
"""

from __future__ import annotations

from typing import Final

from fastapi import HTTPException, Request

from api.access.nearby import is_foreign_page

__all__ = ["HEADERS", "same_origin"]

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language, HX-Request",
    "X-Content-Type-Options": "nosniff",
}


async def same_origin(request: Request) -> None:
    """Refuse what another site has a browser send; programs that are no browser say neither and pass."""
    if is_foreign_page(request, request.method):
        raise HTTPException(403, "this form was not sent by a page of the console")
