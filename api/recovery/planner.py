"""From a classified message to the plan of its recovery: a pure function of policy, classification and context."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.recovery.amounts import claim_of, compensation
from api.recovery.case import Context, Traits, traits_of
from api.recovery.deadlines import Schedule, schedule
from api.recovery.earlier import Earlier
from api.recovery.plan import (
    DeadlineKind,
    GuaranteeClaim,
    Note,
    Plan,
    PolicyVersion,
    Reason,
    Stake,
    Step,
)
from api.recovery.policy import ANSWERS, Guarantee, Phrase, Policy, Remedy, Stage, StepDefinition
from api.recovery.rules import Decision, decide, matches
from api.recovery.wording import LANGUAGES, wording
from classifier.types import Classification

__all__ = ["make_plan"]

_PAY: Final = "pay_guarantee"


def make_plan(
    policy: Policy,
    classification: Classification | Mapping[str, Any],
    context: Context,
    earlier: Earlier | None = None,
) -> Plan:
    """Return what is owed to the customer; with ``earlier`` for all that a case's messages found, and no less than it.

    Any classification gets a plan, also of a text that is no complaint or could not be read. ``ValueError`` if
    ``context.now`` has no time zone.
    """
    if isinstance(classification, Mapping):
        classification = Classification.from_dict(classification)
    earlier = earlier or Earlier()
    traits = traits_of(classification, context)
    every = [traits, *earlier.traits(context)]
    decision = decide(policy, *every)
    if earlier.done:
        decision = _left(decision, decide(policy, traits), earlier.done)
    decision = earlier.raised(policy, decision)
    timetable = schedule(policy, decision, traits, context, earlier.promised(context))
    writer = _Writer(policy, _language(policy, classification, earlier), decision, timetable)
    stake = earlier.stake(classification, context)
    claims = writer.claims(every, earlier.guarantees(), stake, context.country)
    return Plan(
        policy=PolicyVersion(policy.policy.name, policy.policy.version, policy.digest),
        language=writer.language,
        complaint=classification.complaint.label,
        priority=decision.priority,
        queue=decision.queue,
        escalate_to=_above(policy, decision.queue),
        deadlines=timetable.deadlines,
        steps=writer.steps(claims, context, earlier.plan),
        compensation=earlier.at_least(compensation(policy.band[policy.bands[decision.band]], stake, context.country)),
        guarantees=tuple(claim for claim, _ in claims),
        guidance=writer.notes("guidance", decision.guidance, policy.guidance),
        flags=writer.notes("flags", _flags(policy, decision, context), policy.flag),
        legal=timetable.legal,
        reasons=writer.reasons(),
        at_stake=stake,
    )


def _flags(policy: Policy, decision: Decision, context: Context) -> tuple[str, ...]:
    """Return the flags of the rules, and those of what the caller said and the policy can't use."""
    unknown = context.tier is not None and bool(policy.tiers) and context.tier not in policy.tiers
    said = (("unknown_tier", unknown), ("unread_amount", context.stake_unread))
    return tuple(dict.fromkeys((*decision.flags, *(name for name, holds in said if holds))))


def _left(decision: Decision, anew: Decision, done: Collection[str]) -> Decision:
    """Leave out the steps that were done and that nothing found ``anew`` asks for again."""
    steps = {name: rules for name, rules in decision.steps.items() if name not in done or name in anew.steps}
    return replace(decision, steps=steps)


def _language(policy: Policy, classification: Classification, earlier: Earlier) -> str:
    """Return the language of the message, else that of the plan before, else the policy's choice."""
    if classification.language in LANGUAGES:
        return str(classification.language)
    return earlier.plan.language if earlier.plan else policy.policy.fallback_language


def _above(policy: Policy, queue: str) -> str:
    """Return who takes over from ``queue``: the policy's choice, or the next higher queue where that is no higher."""
    ranks = policy.queue_ranks
    rank = max(ranks[policy.policy.escalate_to], min(ranks[queue] + 1, len(ranks) - 1))
    return policy.queues[rank]


Claims = tuple[tuple[GuaranteeClaim, Guarantee], ...]


class _Writer:
    """Writes the parts of one plan in one language."""

    def __init__(self, policy: Policy, language: str, decision: Decision, timetable: Schedule) -> None:
        self.policy = policy
        self.language = language
        self.decision = decision
        self.timetable = timetable
        self.words = wording(language)
        self._due = {deadline.kind: deadline.due for deadline in timetable.deadlines}

    def reasons(self) -> tuple[Reason, ...]:
        """Say which rules fired, why, and what is known about it."""
        findings = self.policy.findings
        return tuple(
            Reason(
                rule.id, rule.why[self.language], rule.finding, findings[rule.finding].says[self.language],
                findings[rule.finding].source,
            )
            for rule in self.decision.rules
        )  # fmt: skip

    def notes(self, kind: str, ids: tuple[str, ...], own: tuple[Phrase, ...]) -> tuple[Note, ...]:
        """Write guidance or flags."""
        texts = {phrase.id: phrase.text[self.language] for phrase in own}
        return tuple(Note(note, texts.get(note) or self.words[kind][note]) for note in ids)

    def claims(
        self, every: Sequence[Traits], promised: Collection[str], stake: Stake | None, country: str | None
    ) -> Claims:
        """Return the guarantees that apply to any message, or did before, one of a promise and its parts."""
        return tuple(
            (claim_of(guarantee, self.language, stake, country), guarantee)
            for guarantee in self.policy.guarantee
            if guarantee.id in promised or (guarantee.offered and any(_applies(guarantee, traits) for traits in every))
        )

    def steps(self, claims: Claims, context: Context, before: Plan | None) -> tuple[Step, ...]:
        """Return the steps in order of stage; what a guarantee pays comes first among those that resolve.

        A payment that a plan before held is due when it was due there, if that is earlier.
        """
        ordinary = [self._step(self.policy.steps[name], rules) for name, rules in self.decision.steps.items()]
        promised = {step.id: step.due for step in before.steps} if before else {}
        payments = [self._payment(claim, guarantee, context) for claim, guarantee in claims]
        payments = [replace(step, due=min(step.due, promised.get(step.id, step.due))) for step in payments]
        stages = list(Stage)
        return tuple(sorted(payments + ordinary, key=lambda step: stages.index(step.stage)))

    def _step(self, step: StepDefinition, rules: tuple[str, ...]) -> Step:
        return Step(
            id=step.id,
            stage=step.stage,
            title=step.title[self.language] if step.title else self.words["steps"][step.id],
            remedy=step.remedy,
            owner=None if step.owner == "owner" else step.owner,
            automatic=step.automatic,
            due=self._due_of(step.stage),
            rules=rules,
        )

    def _payment(self, claim: GuaranteeClaim, guarantee: Guarantee, context: Context) -> Step:
        due = self.timetable.calendar.add(context.start, guarantee.payout.within)
        return Step(
            id=claim.step,
            stage=Stage.RESOLVE,
            title=self.words["steps"][_PAY].format(promise=claim.promise),
            remedy=Remedy.COMPENSATION,
            owner=None,
            automatic=guarantee.payout.automatic,
            due=min(due, self._due[DeadlineKind.RESOLUTION]),
            rules=(f"guarantee:{guarantee.id}",),
        )

    def _due_of(self, stage: Stage) -> datetime:
        """Greeting and understanding end with the first answer, the last stages with the follow-up."""
        if stage in ANSWERS:
            return self._due[DeadlineKind.FIRST_ANSWER]
        resolution = self._due[DeadlineKind.RESOLUTION]
        return resolution if stage is Stage.RESOLVE else self._due.get(DeadlineKind.FOLLOW_UP, resolution)


def _applies(guarantee: Guarantee, traits: Traits) -> bool:
    """Say whether a guarantee covers the case: conduct and proof have no say in it."""
    claimed = not guarantee.invoked or "yes" in traits.labels["guarantee"]
    return claimed and matches(guarantee.when, traits)
