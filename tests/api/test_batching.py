import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from api.batching import Batcher, QueueFullError, Request
from classifier.cascade import Effort
from classifier.types import Classification
from tests.classifier.test_card import classification

pytestmark = pytest.mark.anyio


class Echo:
    """Answers with the ids, once it is let, and keeps how it was asked."""

    def __init__(self, *, free: bool = True, failing: str = "") -> None:
        self.free = threading.Event()
        self.failing = failing
        self.calls: list[tuple[list[str], bool]] = []
        self.efforts: list[Effort] = []
        if free:
            self.free.set()

    def predict(
        self, texts: Sequence[str], *, ids: Any, languages: Any, evidence: bool, effort: Effort
    ) -> list[Classification]:
        self.calls.append((list(texts), evidence))
        self.efforts.append(effort)
        self.free.wait(10)
        if self.failing in texts:
            raise ValueError("one of them")
        return [classification(id=name, language=language) for name, language in zip(ids, languages, strict=True)]


def request(*names: str, evidence: bool = False) -> Request:
    return Request([f"text {name}" for name in names], names, ["es"] * len(names), evidence)


def batcher(predictor: Any, **changes: Any) -> Batcher:
    return Batcher(predictor, **{"size": 64, "wait_seconds": 0.001, "capacity": 100, **changes})


async def first_waits(echo: Echo, one: Batcher) -> asyncio.Task[Any]:
    """Keep the worker busy with a first request."""
    task = asyncio.create_task(one.classify(request("first")))
    while not echo.calls:
        await asyncio.sleep(0.001)
    return task


async def test_everyone_gets_their_own_answers() -> None:
    one = batcher(Echo())
    answers = await asyncio.gather(*(one.classify(request(f"{i}a", f"{i}b")) for i in range(20)))
    assert [[c.id for c in answer] for answer in answers] == [[f"{i}a", f"{i}b"] for i in range(20)]
    one.close()


async def test_what_waits_is_classified_together_by_kind_and_up_to_the_size() -> None:
    echo = Echo(free=False)
    one = batcher(echo, size=4, wait_seconds=0.05)
    first = await first_waits(echo, one)
    rest = [
        asyncio.create_task(one.classify(request(name, evidence=name == "c"))) for name in ("a", "b", "c", "d", "e")
    ]
    await asyncio.sleep(0.05)
    echo.free.set()
    await asyncio.gather(first, *rest)
    assert echo.calls[1:3] == [(["text a", "text b", "text d"], False), (["text c"], True)]
    assert echo.calls[3:] == [(["text e"], False)]
    one.close()


async def test_a_lone_caller_waits_for_nobody() -> None:
    one = batcher(Echo(), wait_seconds=3600)
    for turn in range(3):
        assert len(await one.classify(request(f"{turn}"))) == 1
    one.close()


async def test_company_is_waited_for_while_several_ask_at_a_time() -> None:
    echo = Echo(free=False)
    one = batcher(echo, size=2, wait_seconds=3600)
    first = await first_waits(echo, one)
    rest = [asyncio.create_task(one.classify(request(name))) for name in ("a", "b", "c")]
    await asyncio.sleep(0.05)
    echo.free.set()
    await asyncio.gather(first, *rest[:2])
    assert not rest[2].done()
    await asyncio.gather(rest[2], one.classify(request("d")))
    assert [texts for texts, _ in echo.calls] == [["text first"], ["text a", "text b"], ["text c", "text d"]]
    one.close()


async def test_haste_is_made_only_while_more_waits_than_two_batches() -> None:
    echo = Echo(free=False)
    one = batcher(echo, size=2, wait_seconds=0)
    first = await first_waits(echo, one)
    rest = [asyncio.create_task(one.classify(request(str(i)))) for i in range(8)]
    await asyncio.sleep(0.05)
    echo.free.set()
    await asyncio.gather(first, *rest)
    assert echo.efforts == [Effort.FULL, Effort.FAST, Effort.FAST, Effort.FULL, Effort.FULL]
    one.close()


@pytest.mark.parametrize("effort", Effort)
async def test_an_effort_that_was_set_holds_whatever_waits(effort: Effort) -> None:
    echo = Echo(free=False)
    one = batcher(echo, size=2, effort=effort)
    tasks = [await first_waits(echo, one)] + [asyncio.create_task(one.classify(request(str(i)))) for i in range(8)]
    await asyncio.sleep(0.05)
    echo.free.set()
    await asyncio.gather(*tasks)
    assert set(echo.efforts) == {effort}
    one.close()


async def test_a_full_queue_is_an_error_at_once_and_empties_again() -> None:
    echo = Echo(free=False)
    one = batcher(echo, capacity=2)
    first = await first_waits(echo, one)
    with pytest.raises(QueueFullError):
        await one.classify(request("a", "b"))
    echo.free.set()
    await first
    assert len(await one.classify(request("a", "b"))) == 2
    one.close()


async def test_who_has_an_answer_has_given_the_place_back() -> None:
    one = batcher(Echo(failing="text bad"), wait_seconds=0.0, capacity=1)
    for turn in range(300):
        name = "bad" if turn % 3 == 0 else f"{turn}"
        outcome = await asyncio.gather(one.classify(request(name)), return_exceptions=True)
        assert not isinstance(outcome[0], QueueFullError)
    one.close()


async def test_no_texts_need_no_place() -> None:
    one = batcher(Echo(), capacity=0)
    assert await one.classify(request()) == []
    one.close()


async def test_one_callers_failure_is_not_anothers() -> None:
    echo = Echo(free=False, failing="text bad")
    one = batcher(echo, wait_seconds=0.05)
    first = await first_waits(echo, one)
    tasks = [asyncio.create_task(one.classify(request(name))) for name in ("a", "bad", "b")]
    await asyncio.sleep(0.05)
    echo.free.set()
    await first
    a, bad, b = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(bad, ValueError)
    assert [a[0].id, b[0].id] == ["a", "b"]  # type: ignore[index]
    assert len(await one.classify(request("later"))) == 1
    one.close()


async def test_who_left_is_not_classified() -> None:
    echo = Echo(free=False)
    one = batcher(echo)
    first = await first_waits(echo, one)
    gone = asyncio.create_task(one.classify(request("gone")))
    await asyncio.sleep(0.02)
    gone.cancel()
    await asyncio.sleep(0.02)
    echo.free.set()
    await first
    await one.classify(request("later"))
    assert [texts for texts, _ in echo.calls] == [["text first"], ["text later"]]
    one.close()


async def test_who_leaves_while_the_model_works_disturbs_nobody() -> None:
    echo = Echo(free=False)
    one = batcher(echo)
    first = await first_waits(echo, one)
    first.cancel()
    echo.free.set()
    assert len(await one.classify(request("later"))) == 1
    assert first.cancelled()
    assert one.waiting == 0
    one.close()


def test_a_loop_that_ended_takes_nobody_else_with_it() -> None:
    echo = Echo(free=False)
    one = batcher(echo)

    async def leave() -> None:
        await first_waits(echo, one)

    asyncio.run(leave())
    echo.free.set()
    assert len(asyncio.run(one.classify(request("later")))) == 1
    one.close()


async def test_long_texts_are_classified_in_several_steps() -> None:
    echo = Echo()
    one = batcher(echo)
    texts = ["a" * 20_000] * 25
    answer = await one.classify(Request(texts, [str(i) for i in range(25)], [None] * 25, evidence=True))
    assert [c.id for c in answer] == [str(i) for i in range(25)]
    assert [len(texts) for texts, _ in echo.calls] == [10, 10, 5]
    one.close()


async def test_closing_answers_what_waits_and_takes_no_more() -> None:
    echo = Echo(free=False)
    one = batcher(echo)
    waiting = [await first_waits(echo, one), asyncio.create_task(one.classify(request("a")))]
    await asyncio.sleep(0.02)
    echo.free.set()
    await asyncio.to_thread(one.close)
    assert [len(answer) for answer in await asyncio.gather(*waiting)] == [1, 1]
    with pytest.raises(QueueFullError):
        await one.classify(request("late"))
