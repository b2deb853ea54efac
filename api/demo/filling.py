"""A store with three months of sample messages, so that the console has something to show."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api import planners
from api.cases import Planner, close, complete_step
from api.corrections import keep
from api.demo.samples import FILLINGS, FOLLOWING, PATTERNS
from api.store import cases, messages, policies, samples
from api.store.database import Connection, Store
from api.store.identifiers import new_id
from api.store.records import CaseRecord, MessageRecord, Outcome, ReviewStatus
from api.taking_up import answered, take_up
from classifier import Classification, ComplaintClassifier
from classifier.redaction import find_personal_data
from classifier.taxonomy import TASKS, TaskKind

__all__ = ["Sample", "fill", "samples_of"]

DAYS: Final = 90
_PART: Final = 16
_AGAIN: Final = 0.07
_RISING_DAYS: Final = 6
_COUNTRIES: Final = {"es": ("AR", "CL", "CO", "ES", "MX"), "pt": ("BR", "BR", "PT")}
_CHANNELS: Final = ("email", "email", "chat", "web")
_OUTCOMES: Final = (Outcome.RECOVERED, Outcome.RECOVERED, Outcome.RECOVERED, Outcome.LOST, Outcome.REFUSED)
_REVIEWERS: Final = ("sample Ana", "sample Bruno")
_BILLING: Final = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A message that nobody sent; ``number`` names it and, unless it follows one, its customer."""

    number: int
    customer: int
    at: datetime
    language: str
    channel: str
    text: str


def samples_of(count: int, now: datetime, seed: int = 7) -> list[Sample]:
    """Return ``count`` samples of the last 90 days, oldest first: the same for the same seed.

    Some customers write again, and charges are complained of more in the last days.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing is to be kept secret
    made: list[Sample] = []
    for number in range(count):
        language = chance.choice(("es", "pt"))
        before = [sample for sample in made if sample.language == language]
        at = now - timedelta(days=DAYS * chance.betavariate(1.0, 1.25), minutes=chance.randint(5, 55))
        if before and chance.random() < _AGAIN:
            first = chance.choice(before[-20:])
            at = min(first.at + timedelta(hours=chance.uniform(8, 30)), now - timedelta(minutes=3))
            text = chance.choice(FOLLOWING[language])
            made.append(Sample(number, first.customer, at, language, first.channel, text))
            continue
        rising = now - at < timedelta(days=_RISING_DAYS) and chance.random() < 0.35  # noqa: PLR2004, RUF100
        pattern = PATTERNS[language][chance.choice((3, 4, _BILLING))] if rising else chance.choice(PATTERNS[language])
        text = pattern.format(**{name: chance.choice(words) for name, words in FILLINGS[language].items()})
        made.append(Sample(number, number, at, language, chance.choice(_CHANNELS), text))
    return sorted(made, key=lambda sample: sample.at)


async def fill(
    store: Store,
    classifier: ComplaintClassifier,
    planner: Planner,
    made: Sequence[Sample],
    *,
    now: datetime,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Store samples as if they had come in at their time, and have most of the older cases handled.

    Nothing is told to destinations, and no workflow follows them.
    """
    chance = random.Random(11)  # noqa: S311 - nothing is to be kept secret
    async with store.write() as connection:
        await policies.keep(connection, planner.version, planner.content, now)
        planners.use(connection, planner)
    for part in _parts(made):
        ids = [new_id() for _ in part]
        results = classifier.predict([sample.text for sample in part], ids=ids, evidence=True)
        async with store.write() as connection:
            await _store(connection, planner, list(zip(part, results, strict=True)))
        async with store.write() as connection:
            for result in results:
                await _handle(connection, result, chance, now)
        advance(len(part))


def _parts(made: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(made), _PART):
        yield made[start : start + _PART]


async def _store(connection: Connection, planner: Planner, part: Sequence[tuple[Sample, Classification]]) -> None:
    """Store messages, with their cases if they complain."""
    for sample, result in part:
        message = _record(sample, result)
        complains = bool(result.complaint.label)
        case = await (take_up(connection, message, result, planner) if complains else answered(connection, message))
        message = replace(message, case_id=case.id if case else None)
        await messages.add(connection, message, result)
        await samples.silence(connection, [case.id] if case else [], [message.id])


async def _handle(connection: Connection, result: Classification, chance: random.Random, now: datetime) -> None:
    """Do some steps of the case, close it if it is old enough, and review what was unsure."""
    message = await messages.get(connection, result.id)
    if message is None:
        return
    case = await cases.get(connection, message.case_id) if message.case_id else None
    if case is not None and case.status == "open":
        await _work_off(connection, case, chance, now)
    if message.review == ReviewStatus.NEEDED and chance.random() < 0.6 and result.complaint.label is not None:  # noqa: PLR2004, RUF100
        for reviewer in _REVIEWERS[: chance.choice((1, 1, 2))]:
            await keep(connection, message, _judged(result, chance), reviewer=reviewer)
    await samples.silence(connection, [case.id] if case else [], [message.id])


async def _work_off(connection: Connection, case: CaseRecord, chance: random.Random, now: datetime) -> None:
    """Answer sooner or later, and close after some days."""
    steps = [step for step in await cases.steps_of(connection, case.id) if step.revision == case.revision]
    at = case.updated_at + timedelta(hours=chance.lognormvariate(1.3, 0.9))
    for done, step in enumerate(steps):
        if at > now or (done and chance.random() < 0.12):  # noqa: PLR2004, RUF100
            break
        await complete_step(connection, case.id, step.id, by="sample Ana", note=None, now=at)
        at += timedelta(hours=chance.lognormvariate(0.6, 1.1))
    end = at + timedelta(hours=chance.lognormvariate(2.6, 0.8))
    if end < now - timedelta(days=2):
        await close(connection, case.id, chance.choice(_OUTCOMES), by="sample Bruno", note=None, now=end)


def _record(sample: Sample, result: Classification) -> MessageRecord:
    name = f"{samples.PREFIX}{sample.number:05}"
    customer = f"{samples.PREFIX}{sample.customer:05}"
    countries = _COUNTRIES[sample.language]
    return MessageRecord(
        id=result.id,
        channel=sample.channel,
        external_id=name,
        idempotency_key=None,
        content_hash=name,
        text=sample.text,
        metadata={"sample": "made by recupera demo --console; nobody sent this"},
        customer={"id": customer, "country": countries[sample.customer % len(countries)]},
        customer_id=customer,
        thread_id=None,
        received_at=sample.at,
        accepted_at=sample.at.astimezone(UTC),
        case_id=None,
        classification=result.to_dict(),
        personal=[asdict(data) for data in find_personal_data(sample.text)],
        model=f"{result.model.name} {result.model.version}",
        review=ReviewStatus.NEEDED if result.review.needed else ReviewStatus.NONE,
    )


def _judged(result: Classification, chance: random.Random) -> dict[str, Any]:
    """Return a reviewer's labels: mostly the model's, where it was unsure now and then others."""
    labels: dict[str, Any] = {"complaint": result.complaint.label}
    unsure = {reason.partition(":")[0] for reason in result.review.reasons}
    for task in TASKS[1:]:
        decision: Any = getattr(result, task.id)
        if task.id not in unsure or decision is None or task.kind is TaskKind.FLAG:
            continue
        several = task.kind is TaskKind.MULTI
        label = decision.primary if several else decision.label
        if chance.random() < 0.3:  # noqa: PLR2004, RUF100
            label = chance.choice(task.label_ids[:4])
        labels[task.id] = [label] if several else label
    return labels
