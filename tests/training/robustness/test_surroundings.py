import numpy as np
import pytest

from classifier.preprocessing import preprocess
from classifier.taxonomy import LANGUAGES, TASKS, TaskKind
from training.robustness.surroundings import prompts, with_prompt, with_signature, with_thread

TEXT = "El pedido no llegó."


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("around", [with_signature, with_thread, with_prompt])
def test_the_message_stays_in_front_and_no_slot_is_left(around, language: str) -> None:  # type: ignore[no-untyped-def]
    for seed in range(10):
        found = around(TEXT, language, chance(seed))
        assert found.startswith(TEXT + "\n")
        assert "{name}" not in found
        assert "{city}" not in found


def test_a_thread_is_long_and_quoted() -> None:
    for language in LANGUAGES:
        lines = with_thread(TEXT, language, chance()).splitlines()[3:]
        assert len(lines) > 10
        assert all(line.startswith(">") for line in lines)


def test_the_model_never_reads_a_thread() -> None:
    assert preprocess(with_thread(TEXT, "es", chance())) == preprocess(TEXT)


def test_orders_demand_labels_that_exist() -> None:
    tasks = {task.id: task for task in TASKS}
    for language in LANGUAGES:
        assert len(prompts(language)) >= 4
        for prompt in prompts(language):
            assert prompt.language == language
            task = tasks[prompt.task]
            if task.kind is TaskKind.FLAG:
                assert isinstance(prompt.label, bool)
            else:
                assert prompt.label in task.label_ids


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_is_one_of_the_list(language: str) -> None:
    texts = {prompt.text for prompt in prompts(language)}
    assert {with_prompt(TEXT, language, chance(s)).removeprefix(TEXT + "\n") for s in range(40)} == texts
