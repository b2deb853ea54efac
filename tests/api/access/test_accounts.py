from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from api.access import sessions
from api.access.accounts import Accounts, WrongError, clean_name, clean_username, find, known_by_provider, remove
from api.access.scopes import Role
from api.access.sessions import Caller, find_session
from api.access.signin_settings import SignInSettings
from api.errors import ConflictError, NotFoundError
from api.store import accounts as stored
from api.store.database import Store
from api.store.tables import sessions as session_rows
from classifier.errors import InputError
from tests.api.access.people import CHEAP, PASSWORD

pytestmark = pytest.mark.anyio
HERE = Caller("203.0.113.5", "Firefox/140.0 (Linux)")


@pytest.fixture
def people() -> Iterator[Accounts]:
    opened = Accounts.open(SignInSettings(**CHEAP))  # type: ignore[arg-type]
    yield opened
    opened.passwords.close()


async def test_an_account_is_made_once_and_signed_in_to_by_its_password(store: Store, people: Accounts) -> None:
    made = await people.add(store, " Ana.Souza@Example.org ", Role.MANAGER, PASSWORD, "  Ana\u202e  Souza ")
    assert (made.username, made.name) == ("ana.souza@example.org", "Ana Souza")
    with pytest.raises(ConflictError):
        await people.add(store, "ana.souza@example.org", Role.AGENT, PASSWORD)
    with pytest.raises(InputError):
        await people.add(store, "bia", Role.AGENT, "corta")
    secret = await people.sign_in(store, "ANA.SOUZA@example.org", PASSWORD, HERE)
    found = await find_session(store, secret, datetime.now(UTC), people.settings)
    assert found is not None
    assert found.account.seen_at is not None
    assert (found.account.id, found.session.address, found.session.agent) == (made.id, HERE.address, HERE.agent)
    for username, password in (("ana.souza@example.org", "otra cosa distinta"), ("nadie", PASSWORD), ("¿?", PASSWORD)):
        with pytest.raises(WrongError):
            await people.sign_in(store, username, password, HERE)


async def test_a_session_ends_when_it_is_old_or_nobody_uses_it(store: Store, people: Accounts) -> None:
    await people.add(store, "ana", Role.AGENT, PASSWORD)
    settings, start = people.settings, datetime.now(UTC)
    secret = await people.sign_in(store, "ana", PASSWORD, HERE)

    async def lasts(after: timedelta) -> bool:
        return await find_session(store, secret, start + after, settings) is not None

    assert await lasts(timedelta(minutes=119))
    assert await lasts(timedelta(minutes=119 + 119))
    assert not await lasts(timedelta(minutes=119 + 119 + 121))
    for hours in range(5, 12):
        assert await lasts(timedelta(hours=hours))
    assert not await lasts(timedelta(hours=12, minutes=1))
    assert await find_session(store, "no such secret", start, settings) is None
    async with store.write() as connection:
        await stored.end_over(connection, start + timedelta(hours=13), settings.idle)
        assert (await connection.execute(sa.select(sa.func.count()).select_from(session_rows))).scalar_one() == 0


async def test_of_the_secret_a_digest_alone_is_stored(store: Store, people: Accounts) -> None:
    await people.add(store, "ana", Role.AGENT, PASSWORD)
    secret = await people.sign_in(store, "ana", PASSWORD, HERE)
    async with store.read() as connection:
        row = (await connection.execute(sa.select(session_rows))).mappings().one()
    assert secret not in str(dict(row))
    assert sessions.form_token(secret) not in str(dict(row))
    assert len({await people.sign_in(store, "ana", PASSWORD, HERE) for _ in range(3)}) == 3


async def test_a_new_password_ends_every_session(store: Store, people: Accounts) -> None:
    account = await people.add(store, "ana", Role.AGENT, PASSWORD)
    old = await people.sign_in(store, "ana", PASSWORD, HERE)
    with pytest.raises(WrongError):
        await people.change_password(store, account, "no es esta clave", "cinco perros azules", HERE)
    new = await people.change_password(store, account, PASSWORD, "cinco perros azules", HERE)
    now = datetime.now(UTC)
    assert await find_session(store, old, now, people.settings) is None
    assert await find_session(store, new, now, people.settings) is not None
    with pytest.raises(WrongError):
        await people.sign_in(store, "ana", PASSWORD, HERE)


async def test_a_password_is_hashed_anew_when_the_settings_are_stronger(store: Store, people: Accounts) -> None:
    await people.add(store, "ana", Role.AGENT, PASSWORD)
    stronger = Accounts.open(SignInSettings(memory_kib=16, passes=2))
    await stronger.sign_in(store, "ana", PASSWORD, HERE)
    async with store.read() as connection:
        account = await find(connection, "ana")
    assert "m=16,t=2" in str(account.password)
    await people.sign_in(store, "ana", PASSWORD, HERE)
    stronger.passwords.close()


async def test_the_last_account_stays(store: Store, people: Accounts) -> None:
    ana = await people.add(store, "ana", Role.ADMIN, PASSWORD)
    bia = await people.add(store, "bia", Role.AGENT, PASSWORD)
    secret = await people.sign_in(store, "bia", PASSWORD, HERE)
    async with store.write() as connection:
        await remove(connection, bia)
        with pytest.raises(ConflictError):
            await remove(connection, ana)
        with pytest.raises(NotFoundError):
            await find(connection, "bia")
    assert await find_session(store, secret, datetime.now(UTC), people.settings) is None


async def test_a_provider_finds_its_people_again_and_takes_nobody_elses_account(store: Store, people: Accounts) -> None:
    own = await people.add(store, "ana", Role.ADMIN, PASSWORD)
    async with store.write() as connection:
        first = await known_by_provider(connection, "https://id.example 7", "ana", "Ana S.", Role.AGENT)
        again = await known_by_provider(connection, "https://id.example 7", "ana", "Ana Souza", Role.ENGINEER)
        assert first.id == again.id != own.id
        assert first.username.startswith("ana+")
        kept = await stored.get(connection, first.id)
    assert kept is not None
    assert (kept.name, kept.role, kept.password) == ("Ana Souza", Role.ENGINEER, None)
    with pytest.raises(WrongError):
        await people.sign_in(store, first.username, PASSWORD, HERE)


@pytest.mark.parametrize("name", ["a", "ana souza", "ana/../bia", "<b>ana</b>", "ana\n", "-ana", "x" * 129, ""])
def test_what_is_no_user_name_is_refused(name: str) -> None:
    if name == "ana\n":
        assert clean_username(name) == "ana"
        return
    with pytest.raises(InputError):
        clean_username(name)


def test_names_are_shown_on_one_line() -> None:
    assert clean_name(" Ana \n\u200b Souza" + "x" * 200) == ("Ana Souza" + "x" * 200)[:128]
