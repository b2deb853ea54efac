"""Webhooks as the vendors document them; the words are ours."""

from __future__ import annotations

from typing import Any

GRAVE = "Esto es gravísimo: me cobraron dos veces y nadie contesta."
FINE = "Todo bien, gracias por la ayuda."


def zendesk_event(
    text: str = GRAVE, *, ticket: int = 7, kind: str = "created", name: str = "e-1", event: Any = None, **detail: Any
) -> dict[str, Any]:
    return {
        "type": f"zen:event-type:ticket.{kind}",
        "account_id": 12514403,
        "id": name,
        "time": "2026-03-03T13:05:57.361810Z",
        "zendesk_event_version": "2022-11-06",
        "subject": f"zen:ticket:{ticket}",
        "detail": {
            "actor_id": "8447388090494", "assignee_id": None, "brand_id": "8447346621310",
            "created_at": "2026-03-03T13:05:57Z", "custom_status": "8447320465790", "description": text,
            "external_id": None, "form_id": "8646151517822", "group_id": None, "id": str(ticket), "is_public": True,
            "organization_id": None, "priority": "LOW", "requester_id": "8447388090494", "status": "OPEN",
            "subject": "Cobro doble", "submitter_id": "8447388090494", "tags": ["vip"], "type": "TASK",
            "updated_at": "2026-03-03T13:05:57Z", "via": {"channel": "web_service"}, **detail,
        },
        "event": event or {"meta": {"sequence": {"id": "C1", "position": 1}}},
    }  # fmt: skip


def zendesk_trigger(text: str = GRAVE, *, ticket: int = 7, tags: str = "vip", **changes: Any) -> dict[str, Any]:
    return {
        "recupera": 1, "ticket_id": str(ticket), "tags": tags, "via": "Web Form",
        "updated_at": "2026-03-03T13:05:57Z", "requester_email": "ana@example.org",
        "current_user_email": "ana@example.org", "subject": "Cobro doble", "description": text, "comment": text,
        **changes,
    }  # fmt: skip


def freshdesk(text: str = GRAVE, *, ticket: Any = 7, tags: str = "vip", **changes: Any) -> dict[str, Any]:
    return {
        "freshdesk_webhook": {
            "ticket_id": ticket, "ticket_subject": "Cobro doble", "ticket_description": f"<div>{text}</div>",
            "ticket_url": "https://tienda.example.org/helpdesk/tickets/7", "ticket_status": "Open",
            "ticket_latest_public_comment": "", "ticket_group_name": "Cobros", "ticket_agent_name": "Luis Mora",
            "ticket_contact_email": "ana@example.org", "ticket_contact_name": "Ana", "ticket_tags": tags, **changes,
        }
    }  # fmt: skip


def zammad(text: str = GRAVE, *, ticket: int = 7, article: int = 41, **changes: Any) -> dict[str, Any]:
    return {
        "ticket": {
            "id": ticket, "number": "67001", "title": "Cobro doble", "article_count": 1, "state": "new",
            "priority": {"id": 2, "name": "2 normal"}, "group": {"id": 1, "name": "Users"},
            "customer": {"id": 9, "email": "ana@example.org", "vip": False},
            **changes.pop("of_ticket", {}),
        },
        "article": {
            "id": article, "ticket_id": ticket, "body": f"<p>{text}</p>", "content_type": "text/html",
            "from": "Ana <ana@example.org>", "to": "Users", "sender": "Customer", "type": "email", "internal": False,
            "attachments": [], "created_at": "2026-03-03T13:05:57.100Z", **changes,
        },
    }  # fmt: skip
