import io

import pytest
from rich.console import Console

from classifier.progress import Pace, counted, shown


@pytest.mark.parametrize(
    ("fraction", "seconds", "text"),
    [
        (0.25, 100, "500 records · 5/s · 5 min left"),
        (0.5, 20, "500 records · 25/s · 20 s left"),
        (0.001, 100, "500 records · 5/s · 27.8 h left"),
        (None, 100, "500 records · 5/s"),
    ],
)
def test_the_pace_says_how_long_it_takes_still(fraction: float | None, seconds: float, text: str) -> None:
    pace = Pace(started=1000.0)
    pace.take(500, fraction)
    assert pace.text(1000.0 + seconds) == text


def test_what_was_done_before_does_not_count_as_speed() -> None:
    pace = Pace(started=0.0, first_count=1000)
    pace.take(1000, 0.5)
    pace.take(1100, 0.55)
    assert pace.text(10.0) == "1,100 records · 10/s · 90 s left"


def test_without_a_terminal_a_line_a_minute_is_told() -> None:
    now = [0.0]
    told = io.StringIO()
    with shown(Console(file=told), clock=lambda: now[0]) as show:
        for count in range(1, 10):
            now[0] += 25.0
            show(count, count / 10)
    assert told.getvalue().splitlines() == [
        "3 records · 0/s · 3 min left",
        "6 records · 0/s · 2 min left",
        "9 records · 0/s · 25 s left",
    ]


def test_on_a_terminal_it_is_a_bar() -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=100)
    with shown(console, done=5) as show:
        show(10, 0.5)
        show(20, None)
    assert "20 records" in told.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_pieces_are_counted_for_people_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    with counted("auditing", 40) as advance:
        advance(10)
        advance(30)
    assert ("40/40" in capsys.readouterr().err) is terminal
