import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from api.channels.email.report import report_of, shown
from api.store import inbox as ledger
from api.store.database import Store, database_url
from api.store.identifiers import new_id
from api.store.inbox import MailRecord, MailState

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 3, tzinfo=UTC)
GRAVE = ("recupera-complaint", "recupera-severity-critical", "recupera-motive-restitution", "recupera-motive-venting")
FAINT = ("recupera-complaint", "recupera-severity-low", "recupera-justice-outcome", "recupera-review")


def read(uid: int, state: MailState, tags: tuple[str, ...] = (), reason: str | None = None, **more: str) -> MailRecord:
    values = {"inbox": "soporte", "folder": "INBOX", "digest": f"digest {uid}", **more}
    return MailRecord(
        id=new_id(), uidvalidity=1, uid=uid, identifier=None, message_id=None, state=state, reason=reason,
        decided=tags, present=tags, read_at=NOW, **values,
    )  # fmt: skip


MAILS = [
    read(1, MailState.TAGGED, GRAVE),
    read(2, MailState.TAGGED, FAINT),
    read(3, MailState.SHADOW, ("recupera-other",)),
    read(4, MailState.READ, ("recupera-review",)),
    read(5, MailState.PARKED, reason="auto-reply"),
    read(6, MailState.PARKED),
    read(7, MailState.TAGGED, ("recupera-other",), reason="broken base64"),
    read(8, MailState.GONE, ("recupera-other",)),
    read(9, MailState.TAGGED, GRAVE, inbox="another"),
]


@pytest.fixture
async def store(tmp_path: Path, anyio_backend: str) -> Store:
    return await Store.open(database_url(None, tmp_path))


async def kept(store: Store, *mails: MailRecord) -> None:
    async with store.write() as connection:
        for mail in mails:
            await ledger.add(connection, [mail])


async def test_each_mail_is_counted_as_what_it_was_taken_for(store: Store) -> None:
    await kept(store, *MAILS)
    async with store.read() as connection:
        found = (await report_of(connection, "soporte")).to_dict()
    await store.close()
    assert found == {
        "inbox": "soporte", "mails": 8, "complaints": 2, "others": 3, "undecided": 1, "review": 2,
        "states": {"tagged": 3, "shadow": 1, "read": 1, "parked": 2, "gone": 1},
        "parked": {"auto-reply": 1, "parked": 1},
        "unreadable": {"broken base64": 1},
        "labels": {
            "severity": {"critical": 1, "low": 1},
            "motive": {"restitution": 1, "venting": 1},
            "justice": {"outcome": 1},
        },
    }  # fmt: skip


async def test_a_mail_that_was_moved_counts_once_as_it_is_now(store: Store) -> None:
    await kept(
        store, read(1, MailState.TAGGED, GRAVE), read(7, MailState.TAGGED, FAINT, digest="digest 1", folder="Otra")
    )
    async with store.read() as connection:
        report = await report_of(connection, "soporte")
    await store.close()
    assert (report.mails, report.labels["severity"]) == (1, {"low": 1})


async def test_an_empty_mailbox_is_all_zeros_and_no_more_lines_than_needed(store: Store) -> None:
    async with store.read() as connection:
        report = await report_of(connection, "soporte")
    await store.close()
    assert (report.mails, report.labels, report.parked) == (0, {}, {})
    lines = [" ".join(line.split()) for line in printed(report).splitlines() if line.strip()]
    assert lines == [
        "soporte: 0 mails read", "complaints 0", "no complaints 0", "not decided (language, or no words) 0",
        "for a person to look at 0",
    ]  # fmt: skip


async def test_the_table_says_all_of_it_the_gravest_first(store: Store) -> None:
    await kept(store, *MAILS)
    async with store.read() as connection:
        out = printed(await report_of(connection, "soporte"))
    await store.close()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "soporte: 8 mails read"
    for line in (
        "complaints 2", "no complaints 3", "not decided (language, or no words) 1", "for a person to look at 2",
        "parked: auto-reply 1", "broken base64 1", "tagged 3", "still to be tagged 1", "gone 1",
    ):  # fmt: skip
        assert line in lines
    assert lines.index("severity: critical 1") < lines.index("severity: low 1")


def printed(report: object) -> str:
    out = io.StringIO()
    Console(width=100, file=out).print(shown(report))  # type: ignore[arg-type]
    return out.getvalue()
