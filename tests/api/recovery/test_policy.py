"""Reading a policy: faults are named by dotted path with what is allowed, and the content has a digest."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from api.recovery import Policy, default_policy, policy_from, read_policy
from api.recovery.plan import Plan
from api.recovery.policy import Band, Header, Rule
from api.recovery.reading import default_policy_text, parse_policy
from api.recovery.wording import LANGUAGES, wording
from classifier.errors import InputError

TEXT = default_policy_text()


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new, 1)


FAULTS = [
    # what is written, what is written instead, what the error says
    ("[policy]", "[polizy]", "polizy: unknown key (did you mean policy?); allowed: policy, tiers"),
    ('when = { severity = ["low"] }', 'when = { severty = ["low"] }', "rule.severity-low.when.severty: unknown key"),
    ('when = { severity = ["low"] }', 'when = { severty = ["low"] }', "(did you mean severity?); allowed: complaint, "),
    (
        'when = { severity = ["low"] }',
        'when = { severity = ["lo"] }',
        "rule.severity-low.when.severity: 'lo' is not a label (did you mean low?); allowed: low, moderate, high",
    ),
    ('when = { severity = ["low"] }', "when = { severity = [] }", "rule.severity-low.when.severity: an empty list"),
    ('when = { severity = ["low"] }', "when = { severity = 3 }", "rule.severity-low.when.severity: "),
    ('priority = "low", band', 'priority = "lowest", band', "rule.severity-low.then.priority: 'lowest' is not defined"),
    ('band = "none" }', 'band = "nothing" }', "allowed: none, gesture, moderate, substantial, exceptional"),
    ('"act_unasked"], guidance', '"act_unaskd"], guidance', "'act_unaskd' is not defined (did you mean act_unasked?)"),
    ('guidance = ["no_proof"]', 'guidance = ["proof"]', "rule.guarantee-invoked.then.guidance: 'proof' is not defined"),
    ('flags = ["verify_claim"]', 'flags = ["refuse"]', "rule.claim-to-verify.then.flags: 'refuse' is not defined"),
    ('tier = ["key"]', 'tier = ["gold"]', "rule.key-customer.when.tier: 'gold' is not defined; allowed: standard, val"),
    ('finding = "real-text"', 'finding = "myth"', "rule.corrections-teach.finding: 'myth' is not defined"),
    ('resolution = "5 business days"', 'resolution = "a week"', "priority.normal.resolution: 'a week' is not a span"),
    ('escalate_to = "senior_care"', 'escalate_to = "boss"', "policy.escalate_to: 'boss' is not defined"),
    ('approver = "director"', 'approver = "owner"', "band.exceptional.approver: 'owner' is not defined"),
    ('timezone = "UTC"', 'timezone = "Mars/Base"', "calendar.default.timezone: there is no time zone 'Mars/Base'"),
    ('holidays = "AR"', 'holidays = "XX"', "calendar.AR.holidays: the holidays package has no country 'XX'"),
    ('hours = ["09:00-18:00"]', 'hours = ["9 to 6"]', "calendar.default.open.0.hours: '9 to 6' is not a pair of times"),
    ('hours = ["09:00-18:00"]', 'hours = ["18:00-09:00"]', "closes before it opens"),
    ('hours = ["09:00-18:00"]', 'hours = ["09:00+02:00-18:00"]', "'09:00+02:00-18:00' is not a pair of times"),
    ('hours = ["09:00-18:00"]', 'hours = ["09:00-18:00:30"]', "'09:00-18:00:30' is not a pair of times"),
    ('days = ["mon",', 'days = ["mo",', "calendar.default.open.0.days.0: "),
    ("[calendar.default]", "[calendar.ZZ]", "calendar: 'default' is not defined"),
    ('id = "severity-moderate"', 'id = "severity-low"', "rule.severity-low: is there 2 times"),
    ('id = "ensure_safety"', 'id = "pay_guarantee_our_word"', "step.pay_guarantee_our_word: is there 2 times"),
    ('id = "ensure_safety"', 'id = "guard"', "step.guard.title: a step of your own needs a title"),
    ('stage = "greet"', 'stage = "hello"', "step.ensure_safety.stage: "),
    ("share = [0.05, 0.10]", "share = [-0.05, 0.10]", "band.gesture.share.0: "),
    ('kind = "refund"', 'kind = "smile"', "guarantee.promised_date.payout.kind: "),
    ('taxonomy = "1"', 'taxonomy = "2"', "policy.taxonomy: "),
    ('why.en = "Is indignant: listen and validate before explaining anything."', "", "rule.angry.why.en: "),
]


@pytest.mark.parametrize(("old", "new", "said"), FAULTS)
def test_a_fault_is_named_by_its_path_and_what_is_allowed(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(changed(old, new), "mine.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")


def test_several_faults_are_told_at_once_and_not_without_end() -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(TEXT.replace('finding = "', 'finding = "no-'), "mine.toml")
    assert str(caught.value).count("is not defined") == 8
    assert "and 38 more" in str(caught.value)


def test_what_is_no_toml_or_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid TOML"):
        parse_policy("a = = b", "mine.toml")
    with pytest.raises(InputError, match="not valid TOML"):
        parse_policy(f"a = {'9' * 5000}", "mine.toml")
    with pytest.raises(InputError, match="no such policy"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(InputError, match=r"latin\.toml can't be read"):
        read_policy(tmp_path / "latin.toml")


def test_the_digest_is_of_the_content_not_of_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("# mine\n" + TEXT.replace("  # ", "   #  "), encoding="utf-8")
    assert read_policy(path).digest == default_policy().digest
    assert parse_policy(changed("0.05, 0.10", "0.05, 0.11"), "mine").digest != default_policy().digest
    assert len(default_policy().digest) == 64


def test_a_file_of_windows_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT, encoding="utf-8-sig", newline="\r\n")
    assert read_policy(path) == default_policy()


def test_the_json_that_a_case_keeps_is_the_same_policy() -> None:
    kept = json.loads(default_policy().model_dump_json())
    again = policy_from(kept, "case 1")
    assert again == default_policy()
    assert again.digest == default_policy().digest


def test_yes_and_no_may_be_written_as_true_and_false_and_one_label_alone() -> None:
    text = changed('when = { complaint = ["yes"], agency = true }', 'when = { complaint = "yes", agency = ["yes"] }')
    assert parse_policy(text, "mine").digest == default_policy().digest


def test_a_policy_may_bring_its_own_steps_guidance_and_flags() -> None:
    own = """
[[guidance]]
id = "our_tone"
text = { es = "Tutee.", pt = "Trate por você.", en = "Be informal." }
[[flag]]
id = "press"
text = { es = "Prensa.", pt = "Imprensa.", en = "Press." }
[[step]]
id = "send_flowers"
stage = "open_door"
title = { es = "Enviar flores", pt = "Enviar flores", en = "Send flowers" }
[[rule]]
id = "flowers"
when = { severity = ["high"] }
then = { steps = ["send_flowers"], guidance = ["our_tone"], flags = ["press"] }
finding = "retention"
why = { es = "Sí.", pt = "Sim.", en = "Yes." }
"""
    from api.recovery import make_plan
    from tests.api.recovery.cases import classified, context

    made = make_plan(parse_policy(TEXT + own, "mine"), classified(severity="high"), context())
    assert made.steps[-1].title == "Enviar flores"
    assert [note.text for note in (*made.guidance, *made.flags)][-2:] == ["Tutee.", "Prensa."]


# Wording


RETIRED = {"answer_question"}
"""Steps that earlier policies ask for: a running case keeps its own, which names them without a title."""


def used(kind: str) -> set[str]:
    policy = default_policy()
    return {
        "steps": {step.id for step in policy.step} | {"pay_guarantee"} | RETIRED,
        "guidance": {name for rule in policy.rule for name in rule.then.guidance},
        "flags": {name for rule in policy.rule for name in rule.then.flags} | {"unknown_tier", "unread_amount"},
        "bands": set(policy.bands),
        "priorities": set(policy.priorities),
        "owners": {*policy.queues, *policy.approvers},
    }[kind]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["steps", "guidance", "flags", "bands", "priorities", "owners"])
def test_everything_has_a_phrase_in_each_language_and_none_is_left_over(language: str, kind: str) -> None:
    assert set(wording(language)[kind]) == used(kind)


def phrases(language: str) -> list[str]:
    words = [phrase for kind in wording(language).values() for phrase in kind.values()]
    policy = default_policy()
    texts = [rule.why for rule in policy.rule] + [finding.says for finding in policy.finding]
    return words + [text[language] for text in texts] + [guarantee.promise[language] for guarantee in policy.guarantee]


ONE_SIDED = {
    # Portuguese that only Brazil or only Portugal writes
    "pt": ["contato", "contacto", "equipe", "equipa", "registro", "registo", "usuário", "utilizador", "você", "fato",
           "facto", "celular", "telemóvel", "comprovativo", "comprovante", "ligação", "econômic", "económic"],
    # Spanish that only some countries use
    "es": ["ordenador", "computadora", "móvil", "celular", "enojo", "enfado", "vosotros", "vos ", "coger", "plata "],
    "en": [],
}  # fmt: skip


@pytest.mark.parametrize("language", ["es", "pt"])
def test_phrases_sound_the_same_on_both_sides_of_the_ocean(language: str) -> None:
    text = " ".join(phrases(language)).lower()
    assert [word for word in ONE_SIDED[language] if word in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_written_out_and_fit_a_line(language: str) -> None:
    for phrase in phrases(language):
        assert phrase == phrase.strip()
        assert 2 < len(phrase) <= 130


def test_each_language_says_something_of_its_own() -> None:
    for kind in ("steps", "guidance", "flags"):
        for name in used(kind) - {"thank"}:
            assert len({wording(language)[kind][name] for language in LANGUAGES}) == 3, name


def test_records_are_frozen_and_the_models_refuse_what_they_do_not_know() -> None:
    for model in (Policy, Header, Band, Rule):
        assert model.model_config["frozen"]
        assert model.model_config["extra"] == "forbid"
    assert Plan.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_the_file_is_commented_and_every_rule_says_why() -> None:
    data: dict[str, Any] = tomllib.loads(TEXT)
    assert TEXT.count("\n#") > 20
    assert all(rule["why"].keys() == {"es", "pt", "en"} and rule["finding"] for rule in data["rule"])
