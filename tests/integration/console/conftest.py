"""The console in a real Chromium, driven by Playwright; skipped, saying so, where one of both is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.main import create_app
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.settings import Settings
from tests.api.console.conftest import Pointing
from tests.serving import serving

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TEXTS = (
    "No llegó mi pedido 4471 y nadie contesta.",
    "Es gravísimo. La estufa soltó chispas con los niños al lado.",
    "Me cobraron dos veces, ¿quién lo devuelve? Escríbanme a ana@example.org.",
    "Todo bien, gracias.",
    "No sé si volver ¿?",
    "Nadie me llamó ¿?",
    "<script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\"> \u202eodnum ¿?",
    "Esperé mucho y nadie vino. " * 740,
)


def console(settings: Settings) -> FastAPI:
    """Return a service whose model points at words of the messages below."""
    return create_app(settings, classifier=Pointing(), planner=PolicyPlanner(default_policy()))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a service of the module's own with some messages, and yield its address."""
    settings = Settings(data=tmp_path_factory.mktemp("console"))
    with serving(console(settings)) as url:
        for number, text in enumerate(TEXTS):
            send(url, f"first-{number}", text)
        yield url


def send(url: str, name: str, text: str) -> dict[str, Any]:
    """Send a message in and return the answer."""
    customer = {"id": f"customer {name}", "country": "ES"}
    body = {"channel": "email", "external_id": name, "text": text[:20_000], "customer": customer}
    answer = httpx.post(f"{url}/v1/messages", json=body, trust_env=False, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A page of a browser, and what it complained of."""

    def __init__(self, browser: Any, address: str, *, language: str, theme: str, width: int) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale=language,
            color_scheme=theme,
            timezone_id="America/Bogota",
            bypass_csp=False,
        )
        self.context.add_cookies([{"name": "recupera_timezone", "value": "America%2FBogota", "url": address}])
        self.page = self.context.new_page()
        self.address = address
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("request", lambda request: self._requested(request.url))

    def go(self, path: str) -> None:
        """Open a page and wait until it is quiet; the page of live messages never is."""
        self.page.goto(self.address + path, wait_until="load")
        self.page.wait_for_function("document.readyState === 'complete'")

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def spilled(self) -> list[str]:
        """Return the texts in lists and tiles that run out of their column, over what stands beside them."""
        columns = ".queue li > *, .live li > *, .steps li > *, .tiles > *"
        wider = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.innerText)"
        return list(self.page.eval_on_selector_all(columns, wider))

    def violations(self) -> list[str]:
        """Return the serious violations of accessibility rules that axe finds."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        wanted = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
        found = self.page.evaluate("options => axe.run(document, options)", wanted)
        return [
            f"{item['id']}: {[node['target'] for node in item['nodes']][:3]}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
        ]

    def _note(self, kind: str, said: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(said)

    def _requested(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.complaints.append(f"asked another host: {url}")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    """Return what opens a window in a language, a theme and a width; all are closed at the end."""
    opened: list[Visit] = []

    def open_window(language: str = "en", theme: str = "light", width: int = 1440) -> Visit:
        opened.append(Visit(browser, address, language=language, theme=theme, width=width))
        return opened[-1]

    yield open_window
    for window in opened:
        window.context.close()
