"""What ``check_policy`` finds, and the command over it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.policy import policy as command
from api.recovery import default_policy, make_plan
from api.recovery.check import Level, Problem, check_policy
from api.recovery.guarantee import Criterion, Mark, judge
from api.recovery.policy import Guarantee
from api.recovery.reading import default_policy_text, parse_policy
from api.recovery.situations import situations
from classifier.errors import InputError
from tests.api.recovery.cases import classified, context

TEXT = default_policy_text()
RULE = """
[[rule]]
id = "{id}"
when = {when}
then = {then}
finding = "retention"
why = {{ es = "Sí.", pt = "Sim.", en = "Yes." }}
"""


def with_rule(when: str, then: str) -> str:
    return TEXT + RULE.format(id="mine", when=when, then=then)


def problems(text: str) -> list[Problem]:
    return list(check_policy(parse_policy(text, "mine.toml")))


def told(text: str, code: str) -> list[tuple[str, str, str]]:
    return [(str(p.level), p.path, p.message) for p in problems(text) if p.code == code]


def test_the_default_policy_has_no_error_and_few_warnings() -> None:
    found = check_policy(default_policy())
    assert [p for p in found if p.level is Level.ERROR] == []
    assert {(p.code, p.path) for p in found} == {("guarantee", "guarantee.promised_date")}


UNREACHABLE = [
    ('{ complaint = ["no"], severity = ["high"] }', "severity is only decided for complaints"),
    ('{ complaint = ["no", "undecided"], main_motive = ["venting"] }', "main_motive is only decided for complaints"),
    ('{ language = ["other"], tone = ["angry"] }', "tone is only decided for Spanish and Portuguese"),
    ('{ unsure = ["motive"], review = false }', "whatever is unsure also needs a review"),
    (
        "{ double_deviation = false, contacts_at_least = 1 }",
        "who has already complained of the same matter is a double",
    ),
    ('{ complaint = ["no"], double_deviation = true }', "only complaints have a plan"),
    ('{ complaint = ["no"] }', "only complaints have a plan"),
    ('{ complaint = ["undecided"] }', "only complaints have a plan"),
    ('{ complaint = ["undecided"], language = ["other"] }', "only complaints have a plan"),
    ('{ language = ["other", "none"] }', "only complaints in Spanish or Portuguese have a plan"),
]


@pytest.mark.parametrize(("when", "reason"), UNREACHABLE)
def test_rules_that_can_never_act_are_found(when: str, reason: str) -> None:
    [(level, path, message)] = told(with_rule(when, '{ priority = "high" }'), "unreachable")
    assert (level, path) == ("error", "rule.mine.when")
    assert message.startswith(f"never holds: {reason}")


@pytest.mark.parametrize("name", ["br", "BRA", "Brasil", "Default"])
def test_a_country_that_no_case_can_be_of_is_found(name: str) -> None:
    said = "a country is two capital letters (ISO 3166-1), such as BR"
    where = f'{{ severity = ["high"], country = ["PT", "{name}"] }}'
    assert told(with_rule(where, '{ priority = "urgent" }'), "unreachable") == [
        ("error", "rule.mine.when.country", f"'{name}' never holds: {said}")
    ]
    assert told(TEXT.replace("[calendar.BR]", f"[calendar.{name}]"), "unreachable") == [
        ("error", f"calendar.{name}", f"counts for nobody: {said}")
    ]


@pytest.mark.parametrize(
    "when",
    [
        '{ complaint = ["yes", "undecided"], language = ["es", "other"] }',
        "{ double_deviation = true, contacts_at_least = 1 }",
        "{ double_deviation = false, complaints_at_least = 1 }",
    ],
)
def test_a_rule_that_holds_for_some_case_is_reachable(when: str) -> None:
    assert not told(with_rule(when, '{ priority = "high" }'), "unreachable")


def test_rules_that_change_nothing_are_found() -> None:
    [(level, path, message)] = told(
        with_rule('{ severity = ["high"], tier = ["key"] }', '{ band = "gesture" }'), "no-effect"
    )
    assert (level, path) == ("warning", "rule.mine")
    assert "severity-high" in message
    assert told(with_rule('{ severity = ["high"] }', "{}"), "no-effect") == [
        ("error", "rule.mine.then", "asks for nothing")
    ]
    assert told(with_rule('{ severity = ["low"], tier = ["key"] }', '{ priority = "high" }'), "no-effect")
    assert not told(with_rule('{ severity = ["low"] , agency = false }', '{ priority = "normal" }'), "no-effect")


@pytest.mark.parametrize(
    ("when", "wider"),
    [
        ('{ severity = ["low"], contacts_at_least = 1 }', "double-deviation"),
        ('{ tier = ["standard"], double_deviation = true }', "double-deviation"),
    ],
)
def test_a_second_contact_is_known_to_be_a_double_deviation_of_a_complaint(when: str, wider: str) -> None:
    [(level, _, message)] = told(with_rule(when, '{ priority = "high" }'), "no-effect")
    assert (level, wider in message) == ("warning", True)


def test_a_severity_is_not_missing_where_no_case_can_be() -> None:
    first, again = (
        RULE.format(
            id=f"low-{name}", when=f'{{ severity = ["low"], {when} }}', then='{ priority = "low", band = "none" }'
        )
        for name, when in (("first", "double_deviation = false"), ("again", "contacts_at_least = 1"))
    )
    only_some = TEXT.replace('when = { severity = ["low"] }', 'when = { severity = ["low"], quality = ["empathy"] }')
    assert told(only_some + first, "missing")
    assert not told(only_some + first + again, "missing")


def test_conflicts_are_found() -> None:
    [(level, path, message)] = told(with_rule('{ severity = ["high"] }', '{ band = "gesture" }'), "conflict")
    assert (level, path) == ("error", "rule.mine.then.band")
    assert message == "rule.severity-high has the same conditions and asks for moderate, not gesture"


SCALES = [
    (
        'first_answer = "4 business hours"\nresolution',
        'first_answer = "9 business days"\nresolution',
        "after the resolution",
    ),
    (
        'first_answer = "4 business hours"\nresolution',
        'first_answer = "3 business days"\nresolution',
        "slower than that of",
    ),
    ("share = [0.10, 0.25]", "share = [0.10, 0.07]", "its least is more than its most"),
    ("share = [0.10, 0.25]", "share = [0.01, 0.25]", "pays less than the smaller 'gesture'"),
    ('approver = "manager"', 'approver = "agent"', "is approved lower down than the smaller 'moderate'"),
]


@pytest.mark.parametrize(("old", "new", "said"), SCALES)
def test_scales_that_do_not_rise_are_found(old: str, new: str, said: str) -> None:
    assert any(said in message for _, _, message in told(TEXT.replace(old, new, 1), "conflict"))


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ('tiers = ["standard"', "tiers.key"),
        ('approvers = ["agent"', "approvers.director"),
        ("queues = [", "queues.billing"),
    ],
)
def test_what_stands_on_a_scale_twice_is_found(old: str, name: str) -> None:
    twice = old.replace("[", f'["{name.partition(".")[2]}", ')
    message = "is there 2 times: its place in the scale is unclear"
    assert ("error", name, message) in told(TEXT.replace(old, twice, 1), "conflict")


def test_a_missing_severity_is_found_with_where() -> None:
    text = TEXT.replace('priority = "urgent", queue = "crisis_desk", band = "substantial"', 'queue = "crisis_desk"')
    missing = told(text, "missing")
    assert [path for _, path, _ in missing] == ["rule.then.band", "rule.then.priority"]
    assert all(level == "error" and "severity 'critical'" in message for level, _, message in missing)


def test_severities_covered_piece_by_piece_are_not_missing() -> None:
    text = TEXT.replace('when = { severity = ["low"] }', 'when = { severity = ["low"], double_deviation = true }')
    assert "no rule sets it for severity 'low', where double_deviation = no" in str(told(text, "missing"))
    both = text + RULE.format(
        id="other-half",
        when='{ severity = ["low"], double_deviation = false }',
        then='{ priority = "low", band = "none" }',
    )
    assert not told(both, "missing")


def test_a_motive_or_justice_without_remedy_is_found() -> None:
    text = TEXT.replace('when = { motive = ["altruism"] }', 'when = { main_motive = ["altruism"] }')
    assert ("warning", "rule", "no rule answers motive 'altruism' with a remedy") in told(text, "missing")


UNEQUAL = [
    ('{ tone = ["angry"], severity = ["high"] }', '{ band = "exceptional" }', "error", "rule.mine.when.tone"),
    ('{ conduct = ["none"], severity = ["high"] }', '{ band = "exceptional" }', "error", "rule.mine.when.conduct"),
    ('{ tier = ["key"] }', '{ band = "substantial" }', "error", "rule.mine.when.tier"),
    ('{ channel = ["twitter"] }', '{ band = "substantial" }', "error", "rule.mine.when.channel"),
    ('{ language = ["pt"] }', '{ band = "substantial" }', "error", "rule.mine.when.language"),
    ("{ contacts_at_least = 4 }", '{ band = "substantial" }', "error", "rule.mine.when.contacts"),
    ('{ motive = ["restitution"] }', '{ band = "substantial" }', "error", "rule.mine.when.motive"),
    ('{ main_motive = ["restitution"] }', '{ band = "substantial" }', "error", "rule.mine.when.main_motive"),
    ("{ agency = true }", '{ band = "substantial" }', "error", "rule.mine.when.agency"),
    ("{ review = false }", '{ band = "substantial" }', "error", "rule.mine.when.review"),
    ('{ country = ["BR"] }', '{ band = "substantial" }', "warning", "rule.mine.when.country"),
    ('{ country = ["BR"] }', '{ steps = ["make_whole"] }', "warning", "rule.mine.when.country"),
    ("{ guarantee = true }", '{ band = "substantial" }', "warning", "rule.mine.when.guarantee"),
    ('{ tier = ["key"] }', '{ steps = ["offer_compensation"] }', "error", "rule.mine.then.steps"),
    ('{ channel = ["email"] }', '{ steps = ["make_whole"] }', "error", "rule.mine.then.steps"),
    ('{ motive = ["restitution"] }', '{ steps = ["make_whole"] }', "error", "rule.mine.then.steps"),
    ("{ contacts_at_least = 2 }", '{ steps = ["offer_compensation"] }', "error", "rule.mine.then.steps"),
    ('{ tone = ["calm"] }', '{ steps = ["make_whole"] }', "error", "rule.mine.then.steps"),
    ('{ tone = ["calm", "upset"] }', '{ priority = "high" }', "error", "rule.mine.then.priority"),
    ('{ conduct = ["none"] }', '{ first_answer = "1 hour" }', "error", "rule.mine.then.first_answer"),
    ('{ conduct = ["none"] }', '{ steps = ["apologise"] }', "error", "rule.mine.then.steps"),
]


@pytest.mark.parametrize(("when", "then", "level", "path"), UNEQUAL)
def test_equal_cases_treated_unequally_are_found(when: str, then: str, level: str, path: str) -> None:
    assert (level, path) in [(lev, at) for lev, at, _ in told(with_rule(when, then), "unequal")]


@pytest.mark.parametrize(
    ("when", "then"),
    [
        ('{ tone = ["angry", "abusive"] }', '{ priority = "high" }'),
        ('{ tone = ["calm"] }', '{ guidance = ["calm_is_not_small"] }'),
        ('{ conduct = ["cheat"] }', '{ flags = ["verify_claim"] }'),
        ('{ tier = ["key"] }', '{ priority = "urgent" }'),
        ('{ tier = ["key"] }', '{ steps = ["financial_benefit"] }'),
        ('{ motive = ["restitution"] }', '{ steps = ["offer_choice"] }'),
        ("{ guarantee = true }", '{ steps = ["keep_word"] }'),
        ('{ quality = ["consistency"] }', '{ steps = ["make_whole"] }'),
        ("{ double_deviation = true }", '{ band = "substantial" }'),
    ],
)
def test_more_attention_is_not_unequal(when: str, then: str) -> None:
    assert not told(with_rule(when, then), "unequal")


def test_a_guarantee_that_looks_at_the_customer_is_unequal() -> None:
    text = TEXT.replace(
        'quality = ["reliability", "responsiveness", "consistency"] }',
        'quality = ["reliability"], conduct = ["none"], tier = ["key"] }',
    )
    assert [path for _, path, _ in told(text, "unequal")] == [
        "guarantee.promised_date.when.conduct", "guarantee.promised_date.when.tier",
    ]  # fmt: skip


def test_a_guarantee_that_pays_who_asks_again_is_unequal() -> None:
    text = TEXT.replace(
        'quality = ["reliability", "responsiveness", "consistency"] }',
        'motive = ["restitution"], contacts_at_least = 2 }',
    )
    assert {path for level, path, _ in told(text, "unequal") if level == "error"} == {
        "guarantee.promised_date.when.motive", "guarantee.promised_date.when.contacts",
    }  # fmt: skip


def test_a_graver_case_that_gets_less_is_found() -> None:
    text = with_rule('{ severity = ["low"], quality = ["tangibles"] }', '{ priority = "urgent", band = "exceptional" }')
    lowering = told(text, "lowering")
    assert {path for _, path, _ in lowering} == {"rule.then.priority", "rule.then.band"}
    assert "severity 'moderate' gets 'normal', less than 'urgent' of 'low', where" in lowering[1][2]
    assert "quality = tangibles" in lowering[1][2]


def test_rules_that_tell_too_many_cases_apart_say_so() -> None:
    rules = "".join(
        RULE.format(id=f"r-{task}-{label.lower()}", when=f'{{ {task} = ["{label}"] }}', then='{ priority = "low" }')
        for task, labels in {
            "quality": ["reliability", "responsiveness", "consistency", "empathy"],
            "touchpoint": ["information", "purchase", "billing", "fulfilment", "use", "support", "returns"],
            "conduct": ["belligerent", "cheat", "thief", "rule_breaker", "family_feuder", "vandal"],
            "channel": ["email", "whatsapp", "web"],
            "country": ["BR", "PT", "ES", "MX"],
        }.items()
        for label in labels
    )
    assert told(TEXT + rules, "too-many") == [
        ("warning", "rule", "rules on priority tell too many cases apart to try them all")
    ]


def test_situations_stand_for_all_that_rules_tell_apart() -> None:
    _, every = situations(default_policy(), "band")
    assert [str(situation) for situation in every] == [
        "double_deviation = no, justice = another", "double_deviation = no, justice = outcome",
        "double_deviation = yes, justice = another", "double_deviation = yes, justice = outcome",
    ]  # fmt: skip


def test_what_nobody_asks_for_is_found() -> None:
    text = TEXT.replace(', flags = ["agency_named"]', "").replace('steps = ["prepare_file"]', 'steps = ["acknowledge"]')
    assert told(text, "unused") == [("warning", "step.prepare_file", "no rule asks for it")]
    text = TEXT.replace('finding = "real-text"', 'finding = "retention"', 1)
    assert told(text, "unused") == [("warning", "finding.real-text", "no rule rests on it")]


def test_opening_hours_that_overlap_are_found() -> None:
    text = TEXT.replace('hours = ["09:00-18:00"]', 'hours = ["13:00-18:00", "09:00-14:00"]', 1)
    message = "09:00-14:00 and 13:00-18:00 overlap: what they share counts once"
    assert told(text, "hours") == [("warning", "calendar.default.open.0.hours", message)]
    assert told(text.replace("09:00-14:00", "09:00-13:00"), "hours") == []


def test_business_time_that_a_calendar_never_ends_is_found() -> None:
    seldom = TEXT.replace('days = ["mon", "tue", "wed", "thu", "fri"]', 'days = ["mon"]', 1)
    text = seldom.replace('resolution = "10 business days"', 'resolution = "999 business days"', 1)
    assert told(text, "conflict") == [
        (
            "error",
            "priority.low.resolution",
            "'999 business days' does not end within ten years by the calendar of default",
        )
    ]
    assert told(seldom, "conflict") == []
    with pytest.raises(ValueError, match="closed for ten years"):
        make_plan(parse_policy(text, "mine.toml"), classified(severity="low"), context(country=None))


def test_legal_scopes_that_do_not_exist_are_found() -> None:
    [(level, path, message), *_] = told(TEXT.replace('"general", "complaints_book"', '"generel"'), "legal")
    assert (level, path) == ("error", "legal.scopes")
    assert "there is no clock of scope 'generel'; there are complaints_book, ecommerce" in message


# Guarantees


def guarantee(**values: object) -> Guarantee:
    plain = {
        "id": "g",
        "promise": {"es": "Llega o no lo paga.", "pt": "Chega ou não paga.", "en": "It arrives or it is free."},
        "payout": {"kind": "refund", "share": 1.0, "within": "2 business days"},
        "economics": {"failure_rate": 0.02, "margin": 0.3},
    }
    return Guarantee.model_validate({**plain, **values})


def marks(**values: object) -> dict[Criterion, Mark]:
    return {judgement.criterion: judgement.mark for judgement in judge(guarantee(**values))}


def promise(text: str) -> dict[str, str]:
    return {"es": text, "pt": text, "en": text}


def test_a_good_guarantee_meets_all_six_criteria() -> None:
    assert marks() == dict.fromkeys(Criterion, Mark.MET)
    assert all(judgement.reason for judgement in judge(guarantee()))


JUDGED = [
    ({"conditions": [promise("a")]}, Criterion.UNCONDITIONAL, Mark.PARTLY),
    ({"conditions": [promise("a"), promise("b"), promise("c")]}, Criterion.UNCONDITIONAL, Mark.NOT_MET),
    ({"promise": promise("word " * 26)}, Criterion.UNDERSTANDABLE, Mark.NOT_MET),
    ({"promise": promise("Gratis, sujeto a disponibilidad.")}, Criterion.UNDERSTANDABLE, Mark.PARTLY),
    ({"promise": promise("Grátis, exceto aos domingos.")}, Criterion.UNDERSTANDABLE, Mark.PARTLY),
    ({"payout": {"kind": "refund", "share": 0.05, "within": "1 hour"}}, Criterion.MEANINGFUL, Mark.NOT_MET),
    ({"payout": {"kind": "refund", "share": 0.5, "within": "1 hour"}}, Criterion.MEANINGFUL, Mark.PARTLY),
    ({"payout": {"kind": "amount", "within": "1 hour"}}, Criterion.MEANINGFUL, Mark.NOT_MET),
    ({"payout": {"kind": "amount", "amount": {"EUR": 5}, "within": "1 hour"}}, Criterion.MEANINGFUL, Mark.PARTLY),
    ({"payout": {"kind": "redo", "within": "1 hour"}}, Criterion.MEANINGFUL, Mark.MET),
    ({"invoke": {"proof": ["receipt"]}}, Criterion.INVOKED, Mark.NOT_MET),
    ({"invoke": {"steps": 3}}, Criterion.INVOKED, Mark.NOT_MET),
    ({"invoke": {"window_days": 3}}, Criterion.INVOKED, Mark.PARTLY),
    ({"invoke": {"channels": ["letter"]}}, Criterion.INVOKED, Mark.PARTLY),
    ({"payout": {"kind": "refund", "share": 1, "within": "1 month"}}, Criterion.COLLECTED, Mark.NOT_MET),
    ({"payout": {"kind": "refund", "share": 1, "within": "10 days"}}, Criterion.COLLECTED, Mark.PARTLY),
    ({"payout": {"kind": "credit", "share": 1, "within": "1 hour"}}, Criterion.COLLECTED, Mark.PARTLY),
    ({"economics": {}}, Criterion.CREDIBLE, Mark.PARTLY),
    ({"economics": {"failure_rate": 0.5, "margin": 0.1}}, Criterion.CREDIBLE, Mark.NOT_MET),
]


@pytest.mark.parametrize(("values", "criterion", "mark"), JUDGED)
def test_each_criterion_is_judged_on_its_own(values: dict[str, object], criterion: Criterion, mark: Mark) -> None:
    assert marks(**values)[criterion] is mark


NOT_TO_OFFER = [
    (
        "failure_rate = 0.03, margin = 0.25, in_control = 0.80",
        "failure_rate = 0.30, margin = 0.9",
        "improve the service",
    ),
    ("in_control = 0.80", "in_control = 0.30", "only 30% of the failures"),
    ('reputation = "ordinary", risk_seen = "high"', 'reputation = "outstanding"', "already stands for excellence"),
    ('reputation = "ordinary", risk_seen = "high"', 'reputation = "poor"', "improve it first"),
    ('risk_seen = "high"', 'risk_seen = "low"', "customers see little risk"),
]


@pytest.mark.parametrize(("old", "new", "said"), NOT_TO_OFFER)
def test_a_guarantee_that_should_not_be_offered_is_warned_of(old: str, new: str, said: str) -> None:
    warned = [message for _, _, message in told(TEXT.replace(old, new, 1), "guarantee")]
    assert any(message.startswith("should not be offered") and said in message for message in warned)


def test_a_broken_criterion_is_an_error_only_of_what_is_offered() -> None:
    text = TEXT.replace('invoke = { channels = ["any"], steps = 1 }', 'invoke = { proof = ["the receipt"] }', 1)
    assert ("error", "guarantee.promised_date") in [(lev, at) for lev, at, _ in told(text, "guarantee")]
    withdrawn = text.replace("offered = true", "offered = false", 1)
    assert {level for level, _, _ in told(withdrawn, "guarantee")} == {"warning"}


def test_two_guarantees_for_one_failure_are_a_conflict() -> None:
    text = TEXT.replace('touchpoint = ["fulfilment"], quality', 'touchpoint = ["fulfilment", "use"], quality', 1)
    assert [path for _, path, _ in told(text, "conflict")] == ["guarantee.our_word.when"]


# The command

runner = CliRunner()


def test_check_of_our_own_policy_succeeds() -> None:
    result = runner.invoke(command, ["check"])
    assert result.exit_code == 0
    assert "recupera-default 1.0.0 (sha256 " in result.output
    assert "0 errors" in result.output
    assert "easy to collect" in result.output


def test_check_fails_on_errors_alone_unless_strict(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert runner.invoke(command, ["check", str(path)]).exit_code == 0
    assert runner.invoke(command, ["check", str(path), "--strict"]).exit_code == 1
    path.write_text(with_rule('{ tier = ["key"] }', '{ band = "exceptional" }'), encoding="utf-8")
    result = runner.invoke(command, ["check", str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("error: rule.mine.when.tier: treats equal cases unequally")


def test_check_can_print_json(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(with_rule('{ tier = ["key"] }', '{ band = "exceptional" }'), encoding="utf-8")
    result = runner.invoke(command, ["check", str(path), "--json"])
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert report["problems"][0]["code"] == "unequal"
    assert report["guarantees"]["our_word"]["credible"]["mark"] == "met"
    assert len(report["policy"]["digest"]) == 64


def test_check_of_what_is_no_policy_says_where_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT.replace('severity = ["low"]', 'severity = ["grave"]', 1), encoding="utf-8")
    result = runner.invoke(command, ["check", str(path)])
    assert isinstance(result.exception, InputError)
    assert "rule.severity-low.when.severity: 'grave' is not a label; allowed: low, moderate" in str(result.exception)


def test_show_prints_the_file_that_check_accepts(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(runner.invoke(command, ["show"]).stdout_bytes)
    assert path.read_text(encoding="utf-8") == TEXT
    assert runner.invoke(command, ["check", str(path)]).exit_code == 0


@pytest.mark.parametrize("name", [[], ["check"], ["show"]])
def test_help_has_an_example(name: list[str]) -> None:
    assert "Example: recupera policy" in runner.invoke(command, [*name, "--help"]).output
