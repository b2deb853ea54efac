from pathlib import Path

import pytest

from api.settings import Settings, read_settings
from classifier.errors import InputError


@pytest.mark.parametrize(
    ("value", "allow"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("127.0.0.1, 10.0.0.0/8", ("127.0.0.1", "10.0.0.0/8")),
        ("crm.internal ::1", ("crm.internal", "::1")),
        ('["127.0.0.1", "*.internal"]', ("127.0.0.1", "*.internal")),
        ("", ()),
    ],
)
def test_the_environment_lists_what_is_allowed(
    value: str, allow: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECUPERA_DELIVERY_ALLOW", value)
    monkeypatch.setenv("RECUPERA_DELIVERY_TIMEOUT_SECONDS", "3")
    settings = read_settings({})
    assert settings.delivery.allow == allow
    assert settings.delivery.timeout_seconds == 3


def test_the_file_lists_what_is_allowed_and_the_environment_comes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("recupera.toml").write_text('[delivery]\nallow = ["10.0.0.0/8"]\ntimeout_seconds = 4\n')
    assert read_settings({}).delivery.allow == ("10.0.0.0/8",)
    monkeypatch.setenv("RECUPERA_DELIVERY_ALLOW", "127.0.0.1")
    settings = read_settings({})
    assert (settings.delivery.allow, settings.delivery.timeout_seconds) == (("127.0.0.1",), 4)


def test_without_it_nothing_private_is_allowed() -> None:
    assert Settings().delivery.allow == ()


@pytest.mark.parametrize("value", ["127.0.0.1:80", "http://a", "10.0.0.0/99", '["a b"]'])
def test_what_allows_nothing_is_an_error_at_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_DELIVERY_ALLOW", value)
    with pytest.raises(InputError, match=r"settings: delivery\.allow: .* is no host or network"):
        read_settings({})
