"""Gmail's labels written, read back, and corrected; and servers that say no for now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.channels.email.connection import LostError, Mailbox, RefusedError
from api.channels.email.follow import once
from api.channels.email.settings import InboxSettings
from api.store.tables import feedback
from tests.api.channels.email.conftest import Office
from tests.api.channels.email.gmail import Gmail, listening
from tests.api.channels.email.mails import GLAD, GRAVE, mail
from tests.api.channels.email.test_follow import rows

pytestmark = pytest.mark.anyio


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    with listening() as server:
        yield server


@pytest.fixture
def labelled(gmail: Gmail, monkeypatch: pytest.MonkeyPatch) -> InboxSettings:
    monkeypatch.setenv("INBOX_PASSWORD", "s3creto")
    return InboxSettings(
        name="soporte",
        host="127.0.0.1",
        port=gmail.port,
        tls="none",
        username="soporte@example.org",
        password_env="INBOX_PASSWORD",
        write="labels",
    )


def ours(gmail: Gmail, uid: int) -> set[str]:
    return {name for name in gmail.mails[uid].labels if name.startswith("Recupera/")}


async def test_labels_are_written_beside_those_of_others_and_once(
    gmail: Gmail, labelled: InboxSettings, office: Office
) -> None:
    gmail.deliver(mail(GRAVE))
    gmail.deliver(mail(GLAD, number=2))
    for _ in range(2):
        await once(office.desk(labelled, flag="critical"))
    assert [gmail.mails[uid].flags for uid in (1, 2)] == [{"\\Flagged"}, set()]
    assert {"Recupera/complaint", "Recupera/severity-critical"} <= ours(gmail, 1)
    assert ours(gmail, 2) == {"Recupera/other"}
    assert {"\\Important", "Muy bien"} <= gmail.mails[1].labels
    assert len(office.model.texts) == 2
    assert await rows(office, feedback.c.labels) == []


async def test_a_label_that_a_person_changes_becomes_feedback(
    gmail: Gmail, labelled: InboxSettings, office: Office
) -> None:
    gmail.deliver(mail(GRAVE))
    await once(office.desk(labelled))
    gmail.label(1, "-", "Recupera/severity-critical", "Muy bien")
    gmail.label(1, "+", "Recupera/severity-low")
    for _ in range(2):
        await once(office.desk(labelled))
    assert await rows(office, feedback.c.labels) == [({"complaint": True, "severity": "low"},)]
    assert "Recupera/severity-critical" not in ours(gmail, 1)


@pytest.mark.parametrize(
    "no",
    [
        "[UNAVAILABLE] Temporary authentication failure",
        "[LIMIT] Maximum number of connections",
        "[INUSE] The mailbox is locked",
        "[ALERT] Too many simultaneous connections. (Failure)",
        "[ALERT] Account exceeded command or bandwidth limits.",
    ],
)
def test_a_server_that_says_no_for_now_is_asked_again(gmail: Gmail, labelled: InboxSettings, no: str) -> None:
    gmail.no = no
    with pytest.raises(LostError, match="says no for now"):
        Mailbox.open(labelled)


@pytest.mark.parametrize("no", ["[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "LOGIN failed."])
def test_a_wrong_password_is_no_passing_fault(gmail: Gmail, labelled: InboxSettings, no: str) -> None:
    gmail.no = no
    with pytest.raises(RefusedError, match="refuses user name and password"):
        Mailbox.open(labelled)
