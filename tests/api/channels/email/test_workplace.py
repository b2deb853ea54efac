from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.channels.email.settings import InboxSettings
from api.channels.email.workplace import looked_at, opened
from api.settings import Settings
from api.store.tables import inbox_mails
from classifier.errors import InputError

pytestmark = pytest.mark.anyio


def inbox(**more: Any) -> InboxSettings:
    given = {"name": "soporte", "host": "imap.example.org", "username": "s@example.org", "password_env": "PASSWORD"}
    return InboxSettings.model_validate({**given, **more})


async def test_a_dry_one_leaves_nothing_behind_and_has_nothing_to_write_with(tmp_path: Path, tiny_model: Path) -> None:
    settings = Settings(data=tmp_path / "data", model=tiny_model)
    async with opened(settings, dry=True) as workplace:
        desk = workplace.desk(inbox())
        assert desk.writer is None
        assert desk.judge is workplace.alone
        assert workplace.desk(inbox(), keep=True).judge is workplace.alone
        async with workplace.store.read() as connection:
            assert list(await connection.execute(sa.select(inbox_mails.c.id))) == []
    assert not (tmp_path / "data").exists()


async def test_messages_are_kept_where_the_mailbox_says_so_unless_it_is_overridden(
    tmp_path: Path, tiny_model: Path
) -> None:
    settings = Settings(data=tmp_path / "data", model=tiny_model)
    async with opened(settings) as workplace:
        kept, alone = workplace.kept, workplace.alone
        assert [desk.judge for desk in workplace.desks([inbox(), inbox(store=False)])] == [kept, alone]
        assert workplace.desk(inbox(store=False), keep=True).judge is kept
        assert workplace.desk(inbox(), keep=False).judge is alone
        assert workplace.desk(inbox()).writer is not None
        assert workplace.desk(inbox(write="none")).writer is None
    store = await looked_at(settings)
    async with store.read() as connection:
        assert list(await connection.execute(sa.select(inbox_mails.c.id))) == []
    await store.close()


async def test_there_is_nothing_to_look_at_before_the_first_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no database"):
        await looked_at(Settings(data=tmp_path / "data"))
    assert not (tmp_path / "data").exists()


async def test_it_looks_at_the_database_that_is_set(tmp_path: Path) -> None:
    missing = Settings(data=tmp_path, database=f"sqlite:///{tmp_path}/elsewhere/recupera.db")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="elsewhere"):
        await looked_at(missing)
