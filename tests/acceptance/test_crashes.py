"""Whatever is killed when, everything is there once; ``crashes`` is the same at length."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.crashes.database import empty_database
from tests.acceptance.crashes.judging import Evidence, judged
from tests.acceptance.crashes.points import POINTS, TABLES_MADE, TAKEN_OVER
from tests.acceptance.crashes.siege import Options, besiege

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 0), ("postgres", 2)])
def test_everything_is_there_once_whatever_is_killed(kind: str, workers: int, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path) as database:
        report = judged(besiege(Options(messages=150, kills=4, workers=workers), database, tmp_path / "run"))
    assert report.failures == [], report.table()
    expected = {point.name for point in (*POINTS, TABLES_MADE)} | ({TAKEN_OVER.name} if workers > 1 else set())
    assert expected < set(report.deaths)
    assert report.deaths["service, at a random moment"] == 4
    assert report.counted["came more than once"] > 0


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return what is left of a short siege in which nothing but the first start was killed."""
    return besiege(Options(messages=8, kills=0, points=()), None, tmp_path_factory.mktemp("peace"))


def test_in_peace_everything_is_there_and_comes_once(peaceful: Evidence) -> None:
    report = judged(peaceful)
    assert report.failures == []
    assert report.counted["messages sent"] == report.counted["messages stored"] == 8
    assert report.counted["deliveries"] > 40
    assert report.counted["came more than once"] == 0


def lose_an_arrival(found: Evidence) -> None:
    found.receiver.arrivals.pop()


def tell_a_message_twice(found: Evidence) -> None:
    one = next(a for a in found.receiver.arrivals if a.path == "/all" and a.event["type"] == "message.classified")
    found.receiver.arrivals.append(replace(one, id="another"))


def swap_two(found: Evidence) -> None:
    mine = [n for n, a in enumerate(found.receiver.arrivals) if a.path == "/all" and a.event["case_id"]]
    one = mine[0]
    case = found.receiver.arrivals[one].event["case_id"]
    other = next(n for n in mine[1:] if found.receiver.arrivals[n].event["case_id"] == case)
    arrivals = found.receiver.arrivals
    arrivals[one], arrivals[other] = arrivals[other], arrivals[one]


def tell_a_step_twice(found: Evidence) -> None:
    one = next(a for a in found.receiver.arrivals if a.event["type"] == "step.due")
    found.receiver.arrivals.append(replace(one, id="another"))


def change_a_body(found: Evidence) -> None:
    found.receiver.arrivals.append(replace(found.receiver.arrivals[0], digest="other"))


def accept_another(found: Evidence) -> None:
    found.client.answers["m-999"] = "lost"


@pytest.mark.parametrize(
    ("tampered", "wrong"),
    [
        (lose_an_arrival, {"delivered and never arrived"}),
        (tell_a_message_twice, {"arrived and not recorded", "messages not told of once"}),
        (swap_two, {"out of order in a case"}),
        (tell_a_step_twice, {"arrived and not recorded", "steps and deadlines told twice"}),
        (change_a_body, {"ids with two bodies"}),
        (accept_another, {"accepted and not there"}),
    ],
)
def test_what_is_lost_or_doubled_is_found(
    peaceful: Evidence, tampered: Callable[[Evidence], None], wrong: set[str]
) -> None:
    client = replace(peaceful.client, answers=dict(peaceful.client.answers))
    receiver = replace(peaceful.receiver, arrivals=list(peaceful.receiver.arrivals))
    found = replace(peaceful, client=client, receiver=receiver)
    tampered(found)
    assert wrong <= {name for name, count in judged(found).wrong.items() if count}


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox WHERE kind = 'event')", "audit findings"),
        (
            "UPDATE deliveries SET status = 'dead' WHERE id = (SELECT min(id) FROM deliveries)",
            "deliveries not delivered",
        ),
        ("UPDATE messages SET id = 'x' WHERE id = (SELECT min(id) FROM messages)", "accepted and not there"),
    ],
)
def test_what_the_database_lost_is_found(peaceful: Evidence, statement: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "recupera.db"
    with (
        closing(sqlite3.connect(peaceful.place.folder / "recupera.db")) as whole,
        closing(sqlite3.connect(file)) as copy,
    ):
        whole.backup(copy)
        copy.execute("PRAGMA foreign_keys = OFF")
        copy.execute(statement)
        copy.commit()
    settings: dict[str, Any] = {**peaceful.place.settings, "RECUPERA_DATABASE": f"sqlite:///{file}"}
    workflows = peaceful.place.folder / "recupera-workflows.db"
    (tmp_path / workflows.name).write_bytes(workflows.read_bytes())
    report = judged(replace(peaceful, place=replace(peaceful.place, folder=tmp_path, settings=settings)))
    assert report.wrong[wrong] > 0
