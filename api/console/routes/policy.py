"""``/policy``: the rules, how often each fired, and what others would change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, UploadFile
from fastapi.responses import Response

from api.analytics.policy import MOST_CASES, conditions, rule_rows, try_policy
from api.console.page import ConsolePage
from api.console.preferences import Preferences
from api.console.refusals import NOT_TEXT, RefusedError
from api.console.rendering import is_partial, render
from api.console.views.filters import SPANS, FigureQuery
from api.console.views.policy import promises_of, told
from api.recovery import Policy, policy_from
from api.recovery.reading import parse_policy
from api.routes.analytics import Reader
from api.service import Loaded, Service
from classifier.errors import InputError

__all__ = ["router"]

_LARGEST: Final = 1_000_000

router = APIRouter(route_class=ConsolePage)


@router.get("/policy")
async def policy(
    request: Request, query: Annotated[FigureQuery, Query()], service: Loaded, analytics: Reader
) -> Response:
    """Show the policy of new cases."""
    selection = query.selection(Preferences.of(request).timezone, datetime.now(UTC))
    rules = await analytics.rules(selection)
    shown = _policy(service)
    rows = rule_rows(shown, rules) if shown else []
    return render(
        request,
        "policy.html",
        policy=shown,
        rows=rows,
        rules=rules,
        conditions=conditions,
        selection=selection,
        last=selection.until - timedelta(days=1),
        chosen=query,
        choices=await analytics.choices(),
        spans=SPANS,
    )


@router.post("/policy/backtest")
async def backtest(request: Request, service: Loaded, policy: UploadFile) -> Response:
    """Try a policy on the newest cases, and show what would change."""
    content = await policy.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise HTTPException(413, "the file is too large for a policy")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise RefusedError(NOT_TEXT) from None
    tried, present = parse_policy(text, "the file"), _policy(service)
    trial = await try_policy(service.store, tried)
    known = promises_of([present, tried] if present else [tried], Preferences.of(request).language)
    template = "policy/trial.html" if is_partial(request) else "policy/trial_page.html"
    return render(request, template, trial=trial, told=told, promises=known, most=MOST_CASES)


def _policy(service: Service) -> Policy | None:
    """Return the policy of new cases; ``None`` where another planner than ours plans."""
    planner = service.intake.planner
    try:
        return policy_from(planner.content, planner.version)
    except InputError:
        return None
