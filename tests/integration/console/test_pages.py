from collections.abc import Callable

import httpx
import pytest

from tests.api.console.conftest import PAGES
from tests.integration.console.conftest import Visit

pytestmark = pytest.mark.acceptance

PAINTED = """name => {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const wanted = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
  const canvas = document.querySelector('figure[data-chart=stack] canvas');
  const dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 0; at < dots.length; at += 4) {
    if (dots[at + 3] === 255 && wanted.every((value, place) => dots[at + place] === value)) count += 1;
  }
  return count;
}"""
HEADINGS = {
    "es": ["Panorama", "Momentos de la verdad", "Casos", "Revisión", "Política", "Modelo", "En vivo"],
    "pt": ["Panorama", "Momentos da verdade", "Casos", "Revisão", "Política", "Modelo", "Ao vivo"],
    "en": ["Overview", "Moments of truth", "Cases", "Review", "Policy", "Model", "Live"],
}


def a_case(address: str) -> str:
    return httpx.get(f"{address}/v1/cases?limit=1", trust_env=False).json()["cases"][0]["case_id"]


@pytest.mark.parametrize("language", ["es", "pt", "en"])
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_every_page_opens_without_a_complaint_of_the_browser(
    visit: Callable[..., Visit], address: str, language: str, theme: str, width: int
) -> None:
    window = visit(language, theme, width)
    for path, heading in zip(PAGES, HEADINGS[language], strict=True):
        window.go(path)
        assert window.page.locator("h1").inner_text() == heading
        assert window.page.locator("html").get_attribute("lang") == language
        assert window.overflow() <= 0, path
        assert window.spilled() == [], path
        dark = window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)"
        assert dark == (theme == "dark")
    window.go(f"/cases/{a_case(address)}")
    assert window.overflow() <= 0
    assert window.spilled() == []
    assert window.complaints == []


@pytest.mark.parametrize("width", [320, 1440])
def test_a_name_without_a_space_breaks_no_page(visit: Callable[..., Visit], address: str, width: int) -> None:
    body = {"channel": "c" * 60, "external_id": f"long-{width}", "text": "No llegó.", "customer": {"id": "x" * 200}}
    case_id = httpx.post(f"{address}/v1/messages", json=body, trust_env=False).json()["case_id"]
    handed = {"owner": "O" * 200, "by": "B" * 100, "note": "N" * 1000}
    assert httpx.post(f"{address}/v1/cases/{case_id}/reassign", json=handed, trust_env=False).is_success
    window = visit("es", width=width)
    for path in (*PAGES, f"/cases/{case_id}"):
        window.go(path)
        assert window.overflow() <= 0, path
        assert window.spilled() == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Callable[..., Visit], address: str, theme: str) -> None:
    window = visit("es", theme)
    for path in (*PAGES, f"/cases/{a_case(address)}", "/cases/none"):
        window.go(path)
        assert window.violations() == [], path


def test_axe_finds_nothing_serious_on_a_narrow_screen_with_all_opened(
    visit: Callable[..., Visit], address: str
) -> None:
    window = visit("pt", "light", 390)
    for path in (*PAGES, f"/cases/{a_case(address)}"):
        window.go(path)
        window.page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
        assert window.violations() == [], path


def test_a_theme_that_is_chosen_holds_against_the_systems(visit: Callable[..., Visit]) -> None:
    window = visit("en", "light")
    window.go("/cases")
    window.page.locator(".preferences summary").click()
    window.page.get_by_text("dark", exact=True).click()
    window.page.get_by_text("Português").click()
    window.page.locator(".preferences button.primary").click()
    window.page.wait_for_selector("html[lang=pt][data-theme=dark]")
    assert window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)"
    assert window.page.url.endswith("/cases")


def test_charts_draw_what_the_table_beside_them_says(visit: Callable[..., Visit]) -> None:
    window = visit("en")
    window.go("/")
    window.page.wait_for_selector("figure[data-chart=stack] canvas")
    painted = window.page.evaluate(PAINTED, "--high")
    told = window.page.evaluate(
        "[...document.querySelectorAll('[data-y]')].reduce((sum, cell) => sum + Number(cell.dataset.y), 0)"
    )
    figures = window.page.locator(".tiles").inner_text()
    assert painted > 100
    assert window.page.evaluate(PAINTED, "--low") == 0
    assert str(told) in figures


def test_what_customers_write_runs_nowhere(visit: Callable[..., Visit]) -> None:
    window = visit("en")
    for path in PAGES:
        window.go(path)
        assert "owned" not in window.page.title()
    assert window.complaints == []
