from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from imaplib import IMAP4
from typing import Any

import pytest
import sqlalchemy as sa

from api.channels.email import session
from api.channels.email.connection import RefusedError
from api.channels.email.follow import Stop, back_fill, follow, once
from api.channels.email.settings import InboxSettings
from api.privacy.erasing import erase_customer
from api.store import feedback
from api.store.tables import feedback as feedback_table
from api.store.tables import inbox_mails, messages
from tests.api.channels.email.conftest import Office
from tests.api.channels.email.dovecot import Dovecot
from tests.api.channels.email.mails import GLAD, GRAVE, MILD, UNSURE, mail

pytestmark = pytest.mark.anyio
feedback_labels = feedback_table.c.labels


def flags(dovecot: Dovecot, user: str, folder: str = "INBOX") -> list[set[str]]:
    """Return the flags of each mail, as another program sees them."""
    client = dovecot.client(user, folder, readonly=True)
    _, data = client.uid("FETCH", "1:*", "(FLAGS)")
    client.logout()
    told = [line for line in data if isinstance(line, bytes)]
    return [set(line.split(b"FLAGS (")[1].split(b")")[0].decode().split()) - {"\\Recent"} for line in told]


def changed(dovecot: Dovecot, user: str, number: int, sign: str, *words: str, folder: str = "INBOX") -> None:
    """Change flags of a mail as an agent's program does."""
    client = dovecot.client(user, folder)
    client.store(str(number), f"{sign}FLAGS", f"({' '.join(words)})")
    client.logout()


async def rows(office: Office, *columns: Any) -> list[tuple[Any, ...]]:
    async with office.store.read() as connection:
        return [tuple(row) for row in await connection.execute(sa.select(*columns))]


async def until(happened: Callable[[], Any], seconds: float = 15) -> float:
    """Wait for it, and return the seconds that it took."""
    began = time.monotonic()
    while not await asyncio.to_thread(happened):
        assert time.monotonic() - began < seconds, "it did not happen"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@asynccontextmanager
async def following(desk: Any) -> AsyncIterator[None]:
    stop = Stop()
    task = asyncio.create_task(follow(desk, stop))
    try:
        yield
    finally:
        stop.ask()
        await task


async def test_each_mail_gets_the_tags_of_its_labels(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    for number, text in enumerate((GRAVE, GLAD, UNSURE), 1):
        dovecot.deliver(user, mail(text, number=number))
    await once(office.desk(inbox))
    grave, glad, unsure = flags(dovecot, user)
    assert {"recupera-complaint", "recupera-severity-critical"} <= grave
    assert glad == {"recupera-other"}
    assert "recupera-review" in unsure
    assert not any("\\Seen" in each for each in (grave, glad, unsure))


async def test_a_mail_is_read_once_however_often_we_come(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    await once(office.desk(inbox))
    dovecot.deliver(user, mail(GLAD, number=2))
    for _ in range(2):
        await once(office.desk(inbox))
    assert len(office.model.texts) == 2
    assert len(await rows(office, messages.c.id)) == 2


async def test_mail_is_known_again_when_the_server_numbers_it_anew(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    await once(office.desk(inbox))
    before = flags(dovecot, user)
    await asyncio.sleep(1.1)  # UIDVALIDITY is the second in which the numbers were made
    for file in dovecot.maildir(user).glob("dovecot*"):
        file.unlink()  # what a rebuilt mailbox loses: its numbers,
    for file in (dovecot.maildir(user) / "cur").iterdir():
        file.rename(file.with_name(file.name.partition(":")[0] + ":2,"))  # and the keywords of its mails
    await once(office.desk(inbox))
    assert flags(dovecot, user) == before
    assert len(office.model.texts) == 1
    assert len({row[0] for row in await rows(office, inbox_mails.c.uidvalidity)}) == 2


async def test_a_mail_that_is_moved_away_and_back_is_the_same(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    await once(office.desk(inbox))
    for origin, target in (("INBOX", "Hecho"), ("Hecho", "INBOX")):
        client = dovecot.client(user, origin)
        client.create(target)
        client.uid("MOVE", "1:*", target)
        client.logout()
    await once(office.desk(inbox))
    assert len(office.model.texts) == 1
    assert len(flags(dovecot, user)) == 1


async def test_another_mail_with_a_used_message_id_is_read(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    for text in (MILD, GRAVE):
        dovecot.deliver(user, mail(text, number=1))
    await once(office.desk(inbox))
    assert len(await rows(office, messages.c.id)) == 2
    assert all("recupera-complaint" in each for each in flags(dovecot, user))


async def test_tags_that_were_decided_before_a_crash_are_written(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    desk = office.desk(inbox)

    class Dying:
        reads_back = True
        require = there = staticmethod(lambda *_: ())

        def write(self, *_: Any) -> set[int]:
            raise KeyError("killed here")

    with pytest.raises(KeyError):
        await once(type(desk)(desk.inbox, desk.store, desk.judge, Dying()))
    assert flags(dovecot, user) == [set()]
    await once(desk)
    assert "recupera-complaint" in flags(dovecot, user)[0]
    assert len(office.model.texts) == 1


async def test_what_nobody_wrote_to_us_is_parked(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(GRAVE, Auto_Submitted="auto-replied"))
    dovecot.deliver(user, mail(GRAVE, number=2, sender=user))
    await once(office.desk(inbox))
    assert flags(dovecot, user) == [set(), set()]
    assert {row[0] for row in await rows(office, inbox_mails.c.reason)} == {"automatic reply", "own mail"}
    assert office.model.texts == []


async def test_a_mail_that_breaks_the_model_is_for_a_person_and_stops_no_other(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    for number, text in enumerate((MILD, "Esto lleva veneno.", GLAD), 1):
        dovecot.deliver(user, mail(text, number=number))
    await once(office.desk(inbox))
    first, second, third = flags(dovecot, user)
    assert "recupera-complaint" in first
    assert second == {"recupera-review"}
    assert third == {"recupera-other"}
    assert "veneno" not in caplog.text


async def test_shadow_mode_writes_nothing_and_a_back_fill_catches_up(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    await once(office.desk(inbox, write="none"))
    assert flags(dovecot, user) == [set()]
    dovecot.deliver(user, mail(GLAD, number=2))
    told: list[int] = []
    done: list[int] = []
    desk = office.desk(inbox, store=False)
    await back_fill(type(desk)(desk.inbox, desk.store, desk.judge, desk.writer, done.append), None, told.append)
    assert [bool(each) for each in flags(dovecot, user)] == [True, True]
    assert told == [2] == [sum(done)]
    assert len(office.model.texts) == 2


async def test_mail_goes_to_folders_by_its_severity(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    for number, text in enumerate((GRAVE, GLAD), 1):
        dovecot.deliver(user, mail(text, number=number))
    changed(dovecot, user, 1, "+", "\\Flagged")
    desk = office.desk(inbox, write="folders")
    await once(desk)
    assert flags(dovecot, user) == [set()]
    assert flags(dovecot, user, "Recupera/Critical") == [{"\\Flagged"}]
    client = dovecot.client(user, "Recupera/Critical")
    client.uid("MOVE", "1", "INBOX")
    client.logout()
    await once(desk)
    assert len(flags(dovecot, user)) == 2, "a person has moved it back: it stays"


async def test_grave_mail_is_flagged_too_where_that_is_asked_for(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    for number, text in enumerate((GRAVE, MILD, GLAD), 1):
        dovecot.deliver(user, mail(text, number=number))
    desk = office.desk(inbox, flag="critical")
    await once(desk)
    assert ["\\Flagged" in each for each in flags(dovecot, user)] == [True, False, False]
    changed(dovecot, user, 1, "-", "\\Flagged")
    await once(desk)
    assert not any("\\Flagged" in each for each in flags(dovecot, user))
    assert await rows(office, feedback_labels) == []
    dovecot.deliver(user, mail(GRAVE, number=4))
    await once(office.desk(inbox, write="folders", flag="critical"))
    assert flags(dovecot, user, "Recupera/Critical") == [{"\\Flagged"}]


def done(dovecot: Dovecot, user: str, what: Callable[[IMAP4], object]) -> None:
    """Do something as the user's own mail program would."""
    client = dovecot.client(user)
    what(client)
    client.logout()


async def test_mail_that_is_moved_to_another_followed_folder_is_the_same(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    done(dovecot, user, lambda client: client.create("Hecho"))
    await once(office.desk(inbox))
    (before,) = flags(dovecot, user)
    done(dovecot, user, lambda client: client.uid("MOVE", "1:*", "Hecho"))
    there = replace(office.desk(inbox, name="hecho", folder="Hecho"), siblings=("soporte",))
    for desk in (office.desk(inbox), there):
        await once(desk)
    assert len(office.model.texts) == 1
    assert len(await rows(office, messages.c.id)) == 1
    assert len({row[0] for row in await rows(office, inbox_mails.c.message_id)}) == 1
    assert flags(dovecot, user, "Hecho") == [before]
    changed(dovecot, user, 1, "-", "recupera-complaint", folder="Hecho")
    await once(there)
    assert await rows(office, feedback_labels) == [({"complaint": False},)]


async def test_an_erased_customers_mail_stays_away_from_any_other_folder_too(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(MILD))
    done(dovecot, user, lambda client: client.create("Hecho"))
    await once(office.desk(inbox))
    ((customer,),) = await rows(office, messages.c.customer_id)
    await erase_customer(office.store, customer, at=datetime.now(UTC))
    done(dovecot, user, lambda client: client.uid("MOVE", "1:*", "Hecho"))
    dovecot.deliver(user, mail(GLAD, number=2), into=".Hecho")
    await once(replace(office.desk(inbox, name="hecho", folder="Hecho"), siblings=("soporte",)))
    assert [text.partition("\n\n")[2] for text in office.model.texts] == [MILD, GLAD]
    assert len([text for (text,) in await rows(office, messages.c.text) if text]) == 1
    told = await rows(office, inbox_mails.c.inbox, inbox_mails.c.reason, inbox_mails.c.identifier)
    assert sorted(told, key=str) == [
        ("hecho", "erased before", None),
        ("hecho", None, "<2@mail.example.com>"),
        ("soporte", None, None),
    ]


async def test_changes_by_people_become_feedback(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    dovecot.deliver(user, mail(GRAVE))
    desk = office.desk(inbox)
    await once(desk)
    changed(dovecot, user, 1, "-", "recupera-severity-critical")
    changed(dovecot, user, 1, "+", "recupera-severity-low", "\\Seen", "otra")
    for _ in range(2):
        await once(desk)
    ((message_id,),) = await rows(office, messages.c.id)
    async with office.store.read() as connection:
        (kept,) = await feedback.of_message(connection, message_id)
    assert kept.labels == {"complaint": True, "severity": "low"}
    assert kept.reviewer == "inbox soporte"
    assert {"\\Seen", "otra", "recupera-severity-low"} <= flags(dovecot, user)[0]


async def test_new_mail_is_tagged_and_corrections_are_heard_while_we_wait(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    async with following(office.desk(inbox)):
        dovecot.deliver(user, mail(GRAVE))
        await until(lambda: any(flags(dovecot, user)))
        await asyncio.sleep(0.5)
        dovecot.deliver(user, mail(GRAVE, number=2))
        assert await until(lambda: all(flags(dovecot, user))) < 5
        changed(dovecot, user, 2, "-", "recupera-complaint")
        for _ in range(100):
            if ("done",) in await rows(office, messages.c.review):
                break
            await asyncio.sleep(0.1)
        assert ("done",) in await rows(office, messages.c.review)


class Meddling:
    """A judge that does something the first time that it is asked."""

    def __init__(self, judge: Any, meddle: Callable[[], None]) -> None:
        self._judge, self._meddle = judge, [meddle]

    async def judge(self, *given: Any) -> Any:
        if self._meddle:
            self._meddle.pop()()
        return await self._judge.judge(*given)


async def test_mail_that_arrives_does_not_wait_for_a_backlog(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_BATCH", 2)
    for number in range(1, 7):
        dovecot.deliver(user, mail(MILD, number=number, subject=f"Viejo {number}"))
    desk = office.desk(inbox)
    new = mail(GRAVE, number=9, subject="Nuevo")
    await once(replace(desk, judge=Meddling(desk.judge, lambda: dovecot.deliver(user, new))))
    texts = office.model.texts
    assert [sum("Nuevo" in text for text in part) for part in (texts[:2], texts[2:4], texts[4:])] == [0, 1, 0]
    assert all(flags(dovecot, user))
    await once(desk)
    assert len(office.model.texts) == 7


async def test_a_stop_is_heard_within_a_backlog_and_nothing_is_left_out_afterwards(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_BATCH", 2)
    for number in range(1, 7):
        dovecot.deliver(user, mail(MILD, number=number))
    stop, desk = Stop(), office.desk(inbox)
    await asyncio.wait_for(follow(replace(desk, judge=Meddling(desk.judge, stop.ask)), stop), 15)
    assert len(office.model.texts) == 2
    await once(desk)
    assert len(office.model.texts) == 6
    assert all(flags(dovecot, user))


async def test_a_server_without_idle_is_asked(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    async with following(office.desk(inbox, idle=False)):
        await asyncio.sleep(1)
        dovecot.deliver(user, mail(GRAVE))
        assert await until(lambda: any(flags(dovecot, user))) < 5


async def test_a_connection_that_breaks_is_made_again(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    links: list[asyncio.StreamWriter] = []

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", dovecot.port)
        links.append(writer)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    target.write(data)
            finally:
                target.close()

        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(link, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with following(office.desk(inbox, port=port)):
        dovecot.deliver(user, mail(GRAVE))
        await until(lambda: any(flags(dovecot, user)))
        links[-1].transport.abort()
        dovecot.deliver(user, mail(GRAVE, number=2))
        await until(lambda: all(flags(dovecot, user)))
    assert len(links) >= 2
    server.close()


async def test_a_wrong_password_is_said_at_once(
    inbox: InboxSettings, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INBOX_PASSWORD", "otra")
    with pytest.raises(RefusedError, match=r"inbox 'soporte': 127\.0\.0\.1 refuses user name and password") as caught:
        await follow(office.desk(inbox), Stop())
    assert "otra" not in str(caught.value)
