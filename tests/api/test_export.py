import json
from pathlib import Path

import anyio
import httpx
import pytest
from typer.testing import CliRunner, Result

from classifier.cli import app
from tests.api.conftest import Marked, Opener
from tests.api.test_feedback import correct
from tests.api.test_messages import post
from training.corpus import read_messages

pytestmark = pytest.mark.anyio


async def run(*arguments: object) -> Result:
    """Run the command beside the service's event loop: it has one of its own."""
    call = [str(argument) for argument in arguments]
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, call, prog_name="recupera"))


async def test_corrections_go_straight_into_training(
    service: httpx.AsyncClient, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    accepted = await post(service, text="Não chegou, e ninguém\u2028responde.")
    await correct(service, accepted["message_id"], {"complaint": True, "severity": "moderate"}, language="pt")
    await post(service, "2", "Nadie corrigió este.")
    written = await run("export", "--feedback", "--output", tmp_path / "feedback.jsonl")
    assert written.exit_code == 0, written.output
    assert "1 corrected messages" in written.stderr
    (only,) = read_messages(tmp_path / "feedback.jsonl")
    assert (only.language, only.labels) == ("pt", {"complaint": True, "severity": "moderate"})
    assert [p.name for p in tmp_path.glob("*feedback*")] == ["feedback.jsonl"]
    shown = await run("export", "--feedback")
    assert json.loads(shown.stdout)["id"] == accepted["message_id"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "say what to export"),
        (("--feedback", "--data", "nowhere"), "nowhere holds no database"),
    ],
)
async def test_what_is_missing_is_named(arguments: tuple[str, ...], reason: str) -> None:
    result = await run("export", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not Path("nowhere").exists()


async def test_a_file_that_cannot_be_written(
    service: httpx.AsyncClient, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    result = await run("export", "--feedback", "--output", tmp_path / "absent" / "feedback.jsonl")
    assert result.exit_code == 2
    assert "can't write" in result.stderr


async def test_the_database_itself_is_never_written_over(
    open_service: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/folder/recupera.db"
    monkeypatch.setenv("RECUPERA_DATABASE", address)
    (tmp_path / "link.db").symlink_to(tmp_path / "folder" / "recupera.db")
    async with open_service(Marked(), database=address) as service:
        accepted = await post(service)
        await correct(service, accepted["message_id"], {"complaint": True}, language="es")
        for file in ("recupera.db", "recupera.db-wal", "recupera.db-shm", "recupera-workflows.db", "../link.db"):
            result = await run("export", "--feedback", "--output", tmp_path / "folder" / file)
            assert (result.exit_code, "a file of the database" in result.stderr) == (2, True), result.output
        result = await run("export", "--feedback", "--output", tmp_path)
        assert (result.exit_code, "no file" in result.stderr) == (2, True), result.output
        assert (await service.get("/v1/messages")).json()["messages"]
