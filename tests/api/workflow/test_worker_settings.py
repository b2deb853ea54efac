import pytest

from api.settings import read_settings
from classifier.errors import InputError


def test_the_worker_is_inside_the_service_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (read_settings({}).worker.inside, read_settings({}).worker.executor_id) == (True, None)
    monkeypatch.setenv("RECUPERA_WORKER_INSIDE", "false")
    monkeypatch.setenv("RECUPERA_WORKER_EXECUTOR_ID", "worker-2.eu")
    worker = read_settings({}).worker
    assert (worker.inside, worker.executor_id) == (False, "worker-2.eu")


@pytest.mark.parametrize("name", ["", "two words", "a" * 65, "-x", "ñ"])
def test_an_executor_has_a_plain_name(name: str) -> None:
    with pytest.raises(InputError, match="executor_id"):
        read_settings({"worker": {"executor_id": name}})


def test_a_key_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="worker"):
        read_settings({"worker": {"executors": "one"}})
