"""The workflow of each open case, as the workflow library itself keeps it, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.audit import Code, Finding
from api.intake import Intake
from api.store.database import Store, database_url
from api.store.workflows import SCHEMA, workflow_database
from tests.api.audit.conftest import AtOnce, found
from tests.api.workflow.conftest import Desk, Staged, until

pytestmark = pytest.mark.anyio


async def of_workflows(database: str, folder: Path) -> Sequence[Finding]:
    """Audit as the command does; whatever was changed until a minute from now must have its workflow."""
    looking = await Store.inspect(database_url(database, folder))
    async with looking.read() as connection:
        findings = await found(connection, minutes=-1)
    await looking.close()
    return [finding for finding in findings if finding.code in (Code.NO_WORKFLOW, Code.WORKFLOW_STUCK)]


async def test_an_open_case_has_a_workflow_that_is_not_over(store: Store, database: str, tmp_path: Path) -> None:
    url = database_url(database, tmp_path)
    desk = Desk(store, url, await Intake.start(store, AtOnce(), Staged(), capacity=10))  # type: ignore[arg-type]
    case = await desk.complain()

    async def is_seen_to() -> bool:
        return not await of_workflows(database, tmp_path)

    async with desk.working():
        await until(is_seen_to, 20)
    assert await is_seen_to()  # a worker that stopped left it for the next one

    tables = workflow_database(url)
    status = f"{SCHEMA}.workflow_status" if url.get_backend_name() == "postgresql" else "workflow_status"
    with tables.begin() as connection:
        connection.execute(sa.text(f"UPDATE {status} SET status = 'ERROR' WHERE workflow_uuid = '{case}'"))
    (failed,) = await of_workflows(database, tmp_path)
    assert (failed.code, failed.message) == (Code.NO_WORKFLOW, "the case is open and its workflow is ERROR")
    with tables.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM {status} WHERE workflow_uuid = '{case}'"))
    (lost,) = await of_workflows(database, tmp_path)
    assert (lost.message, lost.ids) == ("the case is open and it has no workflow", {"case": case})
    tables.dispose()


async def test_where_no_worker_ever_ran_workflows_are_not_asked_for(
    store: Store, database: str, tmp_path: Path
) -> None:
    desk = Desk(store, database_url(database, tmp_path), await Intake.start(store, AtOnce(), Staged(), capacity=10))  # type: ignore[arg-type]
    await desk.complain()
    assert {finding.code for finding in await of_workflows(database, tmp_path)} == {Code.WORKFLOW_STUCK}
