from __future__ import annotations

import pytest

from api.channels.email.follow import once
from api.channels.email.settings import InboxSettings
from tests.api.channels.email.conftest import Office
from tests.api.channels.email.dovecot import Dovecot
from tests.api.channels.email.mails import GLAD, GRAVE, mail

pytestmark = pytest.mark.anyio


def flags(dovecot: Dovecot, user: str, folder: str = "INBOX") -> list[list[str]]:
    """Return the flags of each mail, as another program sees them."""
    client = dovecot.client(user, folder, readonly=True)
    _, data = client.uid("FETCH", "1:*", "(FLAGS)")
    client.logout()
    return [sorted(line.split(b"FLAGS (")[1].split(b")")[0].decode().split()) for line in data if line]


async def test_each_mail_gets_the_tags_of_its_labels(
    dovecot: Dovecot, inbox: InboxSettings, office: Office, user: str
) -> None:
    for number, text in enumerate((GRAVE, GLAD), 1):
        dovecot.deliver(user, mail(text, number=number))
    await once(office.desk(inbox))
    grave, glad = flags(dovecot, user)
    assert {"recupera-complaint", "recupera-severity-critical"} <= set(grave)
    assert set(glad) - {"\\Recent"} == {"recupera-other"}
