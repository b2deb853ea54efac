import errno
from pathlib import Path

import pytest

from api.settings import Settings, read_settings
from classifier.errors import InputError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_serve_on_this_machine_only() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8000, Path("recupera-data"))
    assert settings.model_dump() == Settings().model_dump()


def test_arguments_come_before_the_environment_and_that_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "recupera.toml").write_text(
        'host = "10.0.0.1"\nport = 1\nqueue_size = 300\n[[inbox]]\nname = "soporte"\n'
    )
    monkeypatch.setenv("RECUPERA_PORT", "2")
    monkeypatch.setenv("RECUPERA_QUEUE_SIZE", "400")
    settings = read_settings({"queue_size": 500, "host": None})
    assert (settings.host, settings.port, settings.queue_size) == ("10.0.0.1", 2, 500)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"port": 70000}, "port: must be 65535 or less"),
        ({"threads": 0}, "threads: "),
        ({"log_level": "loud"}, "log_level: "),
        ({"queue_size": 1}, "queue_size: "),
        ({"batch_wait_ms": float("inf")}, "batch_wait_ms: "),
        ({"databse": "postgresql://h/d"}, "databse: no such key is known here"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match="settings: ") as caught:
        read_settings(given)
    assert message in str(caught.value)


def test_the_password_of_the_database_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_DATABASE", "postgresql://u:geheim@h/d")
    settings = read_settings({})
    assert "geheim" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.database
    assert settings.database.get_secret_value().endswith("geheim@h/d")


@pytest.mark.parametrize("written", [b"port = \n", b"port = " + b"9" * 5000, b"host = '\xe9'"])
def test_a_broken_file_is_named(folder: Path, written: bytes) -> None:
    (folder / "recupera.toml").write_bytes(written)
    with pytest.raises(InputError, match=r"recupera\.toml is not valid TOML"):
        read_settings({})


@pytest.mark.parametrize(
    ("written", "key"), [('databse = "postgresql://h/d"', "databse"), ("[privcy]\nencrypt = true", "privcy")]
)
def test_a_key_or_table_of_the_file_that_is_not_known_is_refused(folder: Path, written: str, key: str) -> None:
    (folder / "recupera.toml").write_text(written)
    with pytest.raises(InputError, match=f"settings: {key}: no such key is known here"):
        read_settings({})


def test_a_file_that_can_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "recupera.toml").touch()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(InputError, match=r"recupera\.toml can't be read: Permission denied"):
        read_settings({})
