"""All mailboxes of a file, against a real Dovecot: one that is wrong never stands in the way of the others."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest

from api.channels.email import runs
from api.channels.email.runs import back_fill_all, follow_all, once_all, stored_reports
from api.channels.email.settings import InboxSettings
from api.settings import Settings
from classifier.errors import InputError, RecuperaError
from tests.api.channels.email.dovecot import PASSWORD, Dovecot
from tests.api.channels.email.mails import GRAVE, MILD, mail
from tests.api.channels.email.test_follow import flags, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Path) -> Settings:
    return Settings(data=tmp_path / "data", model=tiny_model)


def locked_out(inbox: InboxSettings, monkeypatch: pytest.MonkeyPatch, name: str = "cerrado") -> InboxSettings:
    """Return a mailbox whose password is wrong."""
    monkeypatch.setenv("WRONG", "not the password")
    return inbox.model_copy(update={"name": name, "password_env": "WRONG"})


async def test_one_mailbox_fails_and_the_other_is_read(
    dovecot: Dovecot, user: str, inbox: InboxSettings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.deliver(user, mail(GRAVE))
    reports, failed = await once_all(settings, [locked_out(inbox, monkeypatch), inbox], dry=False)
    assert failed
    assert [(report.inbox, report.mails) for report in reports] == [("cerrado", 0), ("soporte", 1)]
    assert any(word.startswith("recupera-") for word in flags(dovecot, user)[0])
    assert [report.mails for report in await stored_reports(settings, [inbox])] == [1]
    again, failed = await once_all(settings, [inbox], dry=False)
    assert (again[0].mails, failed) == (1, False)


async def test_a_dry_run_reports_and_changes_neither_mailbox_nor_disk(
    dovecot: Dovecot, user: str, inbox: InboxSettings, settings: Settings
) -> None:
    dovecot.deliver(user, mail(MILD))
    before = flags(dovecot, user)
    reports, failed = await once_all(settings, [inbox], dry=True)
    assert ([report.mails for report in reports], failed) == ([1], False)
    assert flags(dovecot, user) == before
    assert not settings.data.exists()
    with pytest.raises(InputError, match="no database"):
        await stored_reports(settings, [inbox])


async def test_an_old_mailbox_is_worked_through_after_one_that_can_not_be_opened(
    dovecot: Dovecot, user: str, inbox: InboxSettings, settings: Settings,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for number in (1, 2, 3):
        dovecot.deliver(user, mail(MILD, number=number))
    with caplog.at_level(logging.ERROR, "recupera.inbox"):
        reports, failed = await back_fill_all(settings, [locked_out(inbox, monkeypatch), inbox], None, keep=False)
    assert ([report.mails for report in reports], failed) == ([0, 3], True)
    assert "cerrado" in caplog.text
    assert "not the password" not in caplog.text
    assert MILD not in caplog.text


async def test_it_follows_until_it_is_asked_to_stop(
    dovecot: Dovecot, user: str, inbox: InboxSettings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_REFUSED_SECONDS", 0.3)
    running = asyncio.create_task(follow_all(settings, [locked_out(inbox, monkeypatch), inbox]))
    dovecot.deliver(user, mail(GRAVE))
    await until(
        lambda: any("recupera-complaint" in words or "recupera-other" in words for words in flags(dovecot, user))
    )
    monkeypatch.setenv("WRONG", PASSWORD)  # the provider has unlocked it
    for _ in range(100):
        if (await stored_reports(settings, [inbox.model_copy(update={"name": "cerrado"})]))[0].mails:
            break
        await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)
    reports = await asyncio.wait_for(running, 15)
    assert [(report.inbox, report.mails) for report in reports] == [("cerrado", 1), ("soporte", 1)]


async def test_if_every_mailbox_is_wrong_it_ends_and_says_why(
    inbox: InboxSettings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [locked_out(inbox, monkeypatch, name) for name in ("una", "otra")]
    with pytest.raises(RecuperaError, match="una"):
        await asyncio.wait_for(follow_all(settings, wrong), 15)
