"""A message of attachments alone: whichever help desk it comes from, a person is to look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.channels import conftest as signing
from tests.api.channels import payloads
from tests.api.channels.conftest import Opened
from tests.api.channels.test_chatwoot import created

pytestmark = pytest.mark.anyio

GENERIC = {"map": {"external_id": "id", "text": "text", "attachments": "files"}}


def zendesk(files: list[str]) -> dict[str, Any]:
    comment = {"id": "51", "body": "", "is_public": True, "attachments": [{"filename": name} for name in files]}
    return payloads.zendesk_event(kind="comment_added", event={"comment": comment})


def freshdesk(files: list[str]) -> dict[str, Any]:
    shown = "".join(f'<img src="https://example.org/{name}">' for name in files)
    return payloads.freshdesk(ticket_latest_public_comment=f"Ana : <div>{shown}</div>")


def app(files: list[str]) -> dict[str, Any]:
    return {"data": {"ticket": {"id": 7, "description_text": "", "attachments": [{"name": name} for name in files]}}}


def zammad(files: list[str]) -> dict[str, Any]:
    attachments = [{"id": 1, "filename": name} for name in files]
    return payloads.zammad("", of_ticket={"article_count": 2}, body="", attachments=attachments)


def chatwoot(files: list[str]) -> dict[str, Any]:
    return created(11, None, attachments=[{"id": 1, "file_name": name} for name in files])


def generic(files: list[str]) -> dict[str, Any]:
    return {"id": 11, "text": None, "files": files}


@pytest.mark.parametrize(
    ("vendor", "told", "sign", "more", "name"),
    [
        ("chatwoot", chatwoot, signing.chatwoot, {}, "foto.jpg"),
        ("zendesk", zendesk, signing.zendesk, {}, "foto.jpg"),
        ("freshdesk", freshdesk, signing.token, {}, "image"),
        ("freshdesk", app, signing.token, {}, "foto.jpg"),
        ("zammad", zammad, signing.zammad, {}, "foto.jpg"),
        ("generic", generic, signing.token, GENERIC, "foto.jpg"),
    ],
)
async def test_attachments_alone_are_taken_for_a_person_to_look_at(
    open_desk: Opened,
    tiny: Any,
    vendor: str,
    told: Callable[[list[str]], dict[str, Any]],
    sign: Callable[..., dict[str, str]],
    more: dict[str, Any],
    name: str,
) -> None:
    async with open_desk(tiny, **{vendor: {"secret_env": "DESK_SECRET", **more}}) as desk:
        await desk.send(vendor, told([]), sign)
        assert (await desk.send(vendor, told(["foto.jpg"]), sign)).status_code == 202
        await desk.settled()
        message = await desk.message()
    assert message["metadata"]["attachments"] == [name]
    assert message["classification"]["review"]["reasons"] == ["no_text"]
