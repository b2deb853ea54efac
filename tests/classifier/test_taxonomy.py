import pytest

from classifier.taxonomy import MOTIVE, TASK_BY_ID, TASKS, TaskKind, Translated

LABELS = {
    "complaint": ["no", "yes"],
    "motive": ["restitution", "venting", "improvement", "altruism"],
    "severity": ["low", "moderate", "high", "critical"],
    "justice": ["outcome", "procedural", "interactional"],
    "quality": ["reliability", "responsiveness", "consistency", "empathy", "tangibles"],
    "touchpoint": [
        "information",
        "purchase",
        "billing",
        "fulfilment",
        "use",
        "support",
        "returns",
        "termination",
    ],
    "tone": ["calm", "upset", "angry", "abusive"],
    "guarantee": ["no", "yes"],
    "conduct": [
        "none",
        "belligerent",
        "cheat",
        "thief",
        "rule_breaker",
        "family_feuder",
        "vandal",
        "deadbeat",
    ],
}


def test_ids_and_their_order_are_those_that_users_rely_on() -> None:
    assert {task.id: list(task.label_ids) for task in TASKS} == LABELS


def test_only_these_tasks_answer_for_messages_that_are_no_complaints() -> None:
    assert {task.id for task in TASKS if not task.complaints_only} == {"complaint", "touchpoint", "tone"}


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_name_and_definition_exists_and_is_one_line(language: str) -> None:
    for task in TASKS:
        for item in (task, *task.labels):
            for phrase in (item.name[language], item.definition[language]):
                assert phrase
                assert "\n" not in phrase
            assert item.definition[language].endswith(".")


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_names_of_a_task_are_told_apart(language: str) -> None:
    for task in TASKS:
        names = [label.name[language] for label in task.labels]
        assert len(set(names)) == len(names), task.id


def test_a_flag_has_one_logit_and_the_others_one_a_label() -> None:
    assert {task.width for task in TASKS if task.kind is TaskKind.FLAG} == {1}
    assert all(task.width == len(task.labels) for task in TASKS if task.kind is not TaskKind.FLAG)


def test_translations_take_regions_and_refuse_other_languages() -> None:
    phrase = Translated("uno", "um", "one")
    assert [phrase["es-AR"], phrase["pt-BR"], phrase["en"]] == ["uno", "um", "one"]
    with pytest.raises(KeyError):
        phrase["fr"]


def test_an_unknown_label_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="revenge"):
        MOTIVE.label("revenge")
    assert TASK_BY_ID["motive"].label("altruism").name.es == "altruismo"
