from datetime import date
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from api.analytics.figures import Count, DayPrecision, Precision, Ratio
from api.console.views.weeks import weeks_of
from tests.api.conftest import Marked, Opener
from tests.api.console.conftest import page, submit
from tests.api.test_messages import post


def test_days_are_added_to_weeks() -> None:
    days = [
        DayPrecision(date(2026, 11, 23), 1, {"severity": Ratio(1, 2), "tone": Ratio(1, 1)}),
        DayPrecision(date(2026, 11, 29), 1, {"severity": Ratio(0, 1)}),
        DayPrecision(date(2026, 11, 30), 0, {}),
    ]
    (week,) = weeks_of(Precision(Count(2, 0), [], days, {}))
    assert (week.start, week.right) == (date(2026, 11, 23), Ratio(2, 4))


@pytest.mark.anyio
async def test_the_page_tells_what_people_found(console: httpx.AsyncClient) -> None:
    empty = await page(console, "/model")
    assert "Only 0 messages" in empty
    for number in range(3):
        message_id = (await post(console, str(number), "No llegó ¿?"))["message_id"]
        await submit(console, f"/review/{message_id}", complaint="yes", severity=("high", "high", "low")[number])
    text = await page(console, "/model")
    assert "What people found in 3 messages" in text
    assert '<th scope="row">severity</th><td class="number">3</td><td class="number">67%</td>' in text


HEADER = "---\nlicense: apache-2.0\n---\n\n"


def card_of(text: str) -> str:
    """Return what the page shows of the card: its language and its words."""
    _, _, rest = text.partition('<div class="words small mono"')
    shown = rest.partition("</div>")[0]
    return shown.partition("lang=")[2]


@pytest.mark.anyio
async def test_the_card_is_in_the_readers_language_or_in_english(
    open_service: Opener, tmp_path: Path, anyio_backend: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    classifier = Marked()
    classifier.artifact = SimpleNamespace(path=folder)  # type: ignore[attr-defined]
    async with open_service(classifier) as client:
        assert card_of(await page(client, "/model", **{"accept-language": "es"})) == ""
        for name, words in (("README.md", "Reads messages."), ("README.es.md", "Lee <b>mensajes</b>.")):
            (folder / name).write_text(f"{HEADER}{words}", encoding="utf-8")
        shown = {
            language: card_of(await page(client, "/model", **{"accept-language": language}))
            for language in ("es", "pt", "en")
        }
    assert shown == {
        "es": '"es">Lee &lt;b&gt;mensajes&lt;/b&gt;.',
        "pt": '"en">Reads messages.',
        "en": '"en">Reads messages.',
    }


def test_the_shipped_model_has_a_card_in_each_language_of_the_console() -> None:
    shipped = Path(__file__).parents[3] / "models" / "recupera-es-pt"
    assert all((shipped / name).is_file() for name in ("README.md", "README.es.md", "README.pt.md"))
