from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from api.channels.settings import ChannelsSettings, from_environment
from classifier.errors import InputError
from tests.api.channels.conftest import Opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chatwoot": {}}, "name the environment variable of the secret"),
        ({"chatwoot": {"secret_env": "S", "url": "https://desk.example.com"}}, "both url and token_env are needed"),
        ({"chatwoot": {"secret_env": "S", "token_env": "T"}}, "both url and token_env are needed"),
        ({"chatwoot": {"secret_env": "S", "token_env": "T", "url": "desk"}}, "write the address"),
        ({"chatwoot": {"secret_env": "S", "secret": "x"}}, "Extra inputs"),
        ({"chatwoot": {"secret_env": "S", "fields": {"colour": "x"}}}, "nothing called colour"),
        ({"zendesk": {"secret_env": "S", "fields": {"severity": "name"}}}, "number of each field"),
        ({"movidesk": {}}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ChannelsSettings.model_validate(given)


def test_one_secret_or_several() -> None:
    one = ChannelsSettings.model_validate({"zammad": {"secret_env": "A"}}).zammad
    two = ChannelsSettings.model_validate({"zammad": {"secret_env": ["A", "B"]}}).zammad
    assert one
    assert two
    assert (one.secret_env, two.secret_env) == (("A",), ("A", "B"))
    assert from_environment("zammad", two.secret_env, {"A": "1", "B": "2"}) == ["1", "2"]


@pytest.mark.parametrize("name", ["MISSING_SECRET", "MISSING_TOKEN"])
async def test_a_secret_that_is_not_set_stops_the_service_and_is_named(
    open_desk: Opened, name: str, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    given = {"secret_env": "MISSING_SECRET", "url": "https://desk.example.com", "token_env": "MISSING_TOKEN"}
    for other in {"MISSING_SECRET", "MISSING_TOKEN"} - {name}:
        monkeypatch.setenv(other, "x")
    with pytest.raises(InputError, match=name):
        async with open_desk(zammad=given):
            pass
