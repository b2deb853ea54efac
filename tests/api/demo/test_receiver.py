import json
import time
from base64 import b64encode
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from api.demo.receiver import Receiver, receiving

SECRET = f"whsec_{b64encode(b'0' * 24).decode()}"
BODY = json.dumps({"type": "case.opened", "data": {"amount": 1}}).encode()


def signed(name: str = "d-1", secret: str = SECRET) -> dict[str, str]:
    moment = datetime.now(UTC)
    signature = Webhook(secret).sign(name, moment, BODY.decode())
    stamp = str(int(moment.timestamp()))
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}


def test_a_signed_delivery_is_kept_once() -> None:
    with receiving(SECRET) as receiver:
        answers = [httpx.post(receiver.url, content=BODY, headers=signed()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert receiver.events == {"d-1": json.loads(BODY)}
    assert receiver.refused == 0


def test_what_is_not_signed_is_refused() -> None:
    receiver = Receiver(SECRET)
    other = f"whsec_{b64encode(b'1' * 24).decode()}"
    old = {**signed(), "webhook-timestamp": str(int(time.time()) - 3600)}
    for body, headers in ((BODY, signed(secret=other)), (BODY + b" ", signed()), (BODY, old), (BODY, {})):
        assert not receiver.take(body, headers)
    assert (receiver.events, receiver.refused) == ({}, 4)


def test_the_port_is_free_again_at_the_end() -> None:
    with receiving(SECRET) as receiver:
        url = receiver.url
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, content=BODY)
