import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from api.access.passwords import BusyError, Passwords, check_password
from api.access.signin_settings import SignInSettings
from classifier.errors import InputError
from tests.api.access.people import CHEAP, PASSWORD

pytestmark = pytest.mark.anyio


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(SignInSettings(**CHEAP))  # type: ignore[arg-type]
    yield made
    made.close()


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert await passwords.matches(PASSWORD, stored)
    assert not await passwords.matches(PASSWORD + "x", stored)
    assert stored != await passwords.hash(PASSWORD)


async def test_accents_may_be_composed_in_either_way(passwords: Passwords) -> None:
    assert await passwords.matches("pin\u0303ata de cumplean\u0303os", await passwords.hash("piñata de cumpleaños"))


async def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not await passwords.matches("nobody has this password", None)
    assert not await passwords.matches(PASSWORD, "not a hash")
    assert not await passwords.matches("x" * 257, await passwords.hash("x" * 257))


async def test_other_settings_make_a_hash_outdated(passwords: Passwords) -> None:
    stored = await passwords.hash(PASSWORD)
    assert not passwords.is_outdated(stored)
    assert Passwords(SignInSettings(memory_kib=16, passes=1)).is_outdated(stored)


class Slow(Passwords):
    """Takes as long for a wrong password as the test wants."""

    def __init__(self) -> None:
        super().__init__(SignInSettings(**CHEAP))  # type: ignore[arg-type]
        self.go = threading.Event()

    def _same(self, password: str, stored: str) -> bool:
        if password == "wrong":
            self.go.wait(20)
        return super()._same(password, stored)


async def test_no_number_of_guesses_keeps_a_right_password_waiting() -> None:
    passwords = Slow()
    stored = await passwords.hash(PASSWORD)
    guesses = [asyncio.create_task(passwords.matches("wrong", stored, guessing=True)) for _ in range(64)]
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await passwords.matches(PASSWORD, stored)
    assert time.monotonic() - began < 10
    assert not any(guess.done() for guess in guesses)
    with pytest.raises(BusyError):
        await passwords.matches("wrong", stored, guessing=True)
    passwords.go.set()
    assert await asyncio.gather(*guesses) == [False] * 64
    passwords.close()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("corta", "at least 12"),
        ("x" * 257, "at most 256"),
        ("abababababab", "too easy"),
        ("Ana.Souza 2026", "too easy"),
        ("recupera 2026!", "too easy"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        check_password(password, "ana.souza@example.org")


@pytest.mark.parametrize("password", [PASSWORD, "Nwk2#pQz9!vL", "汉语密码不容易被猜到的一句话"])
def test_a_password_of_some_length_is_taken(password: str) -> None:
    check_password(password, "ana")
