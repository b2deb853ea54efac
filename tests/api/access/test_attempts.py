import pytest

from api.access.attempts import Attempts, network_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def guess(attempts: Attempts, times: int, username: str = "ana", address: str = "203.0.113.9") -> None:
    for _ in range(times):
        attempts.begin(username, address)


def test_a_few_mistakes_cost_nothing(attempts: Attempts) -> None:
    guess(attempts, 4)
    assert attempts.wait("ana", "203.0.113.9") == 0


def test_whoever_guesses_waits_longer_each_time_up_to_a_quarter_of_an_hour(attempts: Attempts, clock: Clock) -> None:
    guess(attempts, 4)
    waits = []
    for _ in range(14):
        guess(attempts, 1)
        waits.append(attempts.wait("ana", "203.0.113.9"))
        clock.now += waits[-1]
        assert attempts.wait("ana", "203.0.113.9") == 0
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == 900


def test_a_stranger_locks_nobody_out(attempts: Attempts, clock: Clock) -> None:
    for _ in range(120):
        guess(attempts, 1)
        clock.now += 0.5
        assert attempts.wait("ana", "198.51.100.7") == 0
    assert attempts.wait("ana", "203.0.113.9") > 0
    assert attempts.begin("ana", "198.51.100.7") is False


def test_who_tries_many_accounts_waits_too(attempts: Attempts) -> None:
    for number in range(41):
        guess(attempts, 1, f"user{number}")
    assert attempts.wait("somebody else", "203.0.113.9") > 0
    assert attempts.wait("somebody else", "203.0.113.10") == 0


def test_a_right_password_is_forgiven_its_wrong_ones(attempts: Attempts) -> None:
    guess(attempts, 7)
    attempts.right("ana", "203.0.113.9")
    assert attempts.wait("ana", "203.0.113.9") == 0


def test_a_right_password_of_ones_own_does_not_hide_guesses_at_others(attempts: Attempts) -> None:
    for number in range(45):
        guess(attempts, 1, f"user{number}")
        attempts.begin("mallory", "203.0.113.9")
        attempts.right("mallory", "203.0.113.9")
    assert attempts.wait("user99", "203.0.113.9") > 0


def test_guesses_go_to_the_slow_lane_before_they_have_to_wait(attempts: Attempts) -> None:
    assert [attempts.begin("ana", "203.0.113.9") for _ in range(4)] == [False, False, True, True]


def test_old_mistakes_are_forgotten(attempts: Attempts, clock: Clock) -> None:
    guess(attempts, 4)
    clock.now += 3601
    guess(attempts, 1)
    assert attempts.wait("ana", "203.0.113.9") == 0


def test_what_is_remembered_is_bounded(attempts: Attempts) -> None:
    for number in range(30_000):
        attempts.begin("ana", f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}")
    assert len(attempts._counts) == 20_000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("a unix socket", "a unix socket"),
        ("", ""),
    ],
)
def test_an_ipv6_subscriber_is_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network
