"""Pictures of every page of the console over sample messages: ``python -m tests.integration.console.screenshots``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

from api.demo.filling import fill, samples_of
from api.main import create_app
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.settings import Settings
from api.store.database import Store
from classifier import ComplaintClassifier
from tests.integration.console.conftest import CHROMIUM
from tests.serving import serving

PAGES = {
    "overview": "/",
    "moments": "/moments",
    "cases": "/cases",
    "review": "/review",
    "policy": "/policy",
    "model": "/model",
    "live": "/live",
}
LOOKS = (("es", "light", 1440), ("pt", "dark", 1440), ("es", "dark", 390), ("pt", "light", 390), ("en", "light", 1440))


async def _filled(settings: Settings, classifier: ComplaintClassifier, planner: PolicyPlanner, count: int) -> None:
    store, now = await Store.open(settings.database_url), datetime.now(UTC)
    await fill(store, classifier, planner, samples_of(count, now), now=now)
    await store.close()


def shoot(browser: Any, url: str, folder: Path) -> None:
    """Write a picture of each page in each look."""
    found = httpx.get(f"{url}/v1/cases?status=open&limit=50", trust_env=False).json()["cases"]
    case = max(found, key=lambda item: (item["double_deviation"], item["priority"] == "urgent"))
    for language, theme, width in LOOKS:
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 600 else 844},
            locale=language,
            color_scheme=theme,
            timezone_id="America/Bogota",
        )
        context.add_cookies(
            [
                {"name": "recupera_timezone", "value": "America%2FBogota", "url": url},
                {"name": "recupera_name", "value": "Ana", "url": url},
            ]
        )
        page = context.new_page()
        for name, path in {**PAGES, "case": f"/cases/{case['case_id']}"}.items():
            page.goto(url + path, wait_until="load")
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name}-{width}-{theme}-{language}.png")
        context.close()


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--messages", type=int, default=320)
    asked = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no Chromium here: apt-get install chromium")
    asked.out.mkdir(parents=True, exist_ok=True)
    classifier = ComplaintClassifier.from_pretrained()
    with tempfile.TemporaryDirectory() as data:
        settings, planner = Settings(data=Path(data)), PolicyPlanner(default_policy())
        asyncio.run(_filled(settings, classifier, planner, asked.messages))
        app = create_app(settings, classifier=classifier, planner=planner)
        with serving(app) as url, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            shoot(browser, url, asked.out)
            browser.close()


if __name__ == "__main__":
    main()
