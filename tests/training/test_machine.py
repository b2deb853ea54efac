from typing import Any

import pytest
import torch

from classifier.errors import InputError, MissingExtraError
from tests.conftest import CORPORA, TINY
from training import machine
from training.config import TrainingConfig
from training.machine import check_machine
from training.pipeline import Places, run


def asking(section: str, **wishes: Any) -> TrainingConfig:
    return TINY.model_copy(update={section: getattr(TINY, section).model_copy(update=wishes)})


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_TRACKERS", dict.fromkeys(machine._TRACKERS, lambda: False))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("nothing_there")
@pytest.mark.parametrize("tracker", ["mlflow", "tensorboard"])
def test_a_tracker_that_is_not_installed_is_named_before_anything_is_trained(tracker: str) -> None:
    with pytest.raises(MissingExtraError, match=rf"run\.tracker = \"{tracker}\".*pip install 'recupera\[{tracker}\]'"):
        run(asking("run", tracker=tracker), Places(CORPORA, None, CORPORA / "nowhere"))
    assert not (CORPORA / "nowhere").exists()


@pytest.mark.usefixtures("nothing_there")
@pytest.mark.parametrize(
    ("device", "said"), [("cuda", 'sees none here.*optimizer.device = "cpu"'), ("gpu", "one of cpu, cuda")]
)
def test_a_device_that_is_not_there_says_what_to_do(device: str, said: str) -> None:
    with pytest.raises(InputError, match=rf"optimizer\.device is \"{device}\".*{said}"):
        check_machine(asking("optimizer", device=device))


@pytest.mark.usefixtures("nothing_there")
def test_a_run_that_asks_for_nothing_special_is_fine() -> None:
    check_machine(TINY)
