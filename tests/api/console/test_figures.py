import html
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.analytics.figures import Count, HeatCell
from api.console.views.filters import FigureQuery, export_address
from api.console.views.heat import heat_map
from classifier.errors import InputError
from tests.api.access.people import store_of
from tests.api.console.conftest import page
from tests.api.test_alerts import alert, keep
from tests.api.test_messages import post

NOW = datetime(2026, 11, 29, 1, 30, tzinfo=UTC)


def test_the_last_days_end_today_on_the_readers_clock() -> None:
    selection = FigureQuery(days=7).selection("America/Sao_Paulo", NOW)
    assert (str(selection.since), str(selection.until), selection.timezone) == (
        "2026-11-22", "2026-11-29", "America/Sao_Paulo",
    )  # fmt: skip


def test_both_days_of_a_period_count_and_empty_fields_are_none() -> None:
    query = FigureQuery.model_validate({"since": "2026-11-01", "until": "2026-11-02", "channel": "", "days": ""})
    selection = query.selection("UTC", NOW)
    assert (selection.days, str(selection.until), selection.channels) == (2, "2026-11-03", ())


def test_a_zone_whose_days_can_not_be_counted_is_utc() -> None:
    assert FigureQuery().selection("Asia/Kolkata", NOW).timezone == "UTC"


@pytest.mark.parametrize(
    ("label", "labels"), [("severity:high", {"severity": ("high",)}), ("complaint:yes", {"complaint": (True,)})]
)
def test_a_label_is_named_with_its_task(label: str, labels: dict[str, tuple[object, ...]]) -> None:
    assert FigureQuery(label=label).selection("UTC", NOW).labels == labels


@pytest.mark.parametrize("label", ["severity", "severity:huge", "x:y", ":"])
def test_a_label_that_is_none_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="label"):
        FigureQuery(label=label).selection("UTC", NOW)


def test_an_address_keeps_the_filters() -> None:
    query = FigureQuery(days=7, channel="e&mail", label="tone:calm")
    assert query.address("/moments", label="tone:angry") == "/moments?days=7&channel=e%26mail&label=tone%3Aangry"
    assert FigureQuery().address("/") == "/"


def test_a_file_has_every_filter_of_the_page() -> None:
    chosen = {"channel": "e&mail", "country": "BR", "language": "pt", "label": "complaint:yes"}
    query = FigureQuery.model_validate({"since": "2026-11-01", "until": "2026-11-02", **chosen})
    assert export_address("csv", query.selection("UTC", NOW)) == (
        "/v1/export.csv?since=2026-11-01&until=2026-11-03&timezone=UTC&channel=e%26mail&country=BR&language=pt"
        "&complaint=true"
    )


async def test_the_links_of_the_overview_give_the_messages_that_it_counts(console: httpx.AsyncClient) -> None:
    await post(console, text="Se rompió. gravísimo", external_id="a")
    await post(console, text="Se rompió.", external_id="b")
    shown = await page(console, "/?label=severity:critical")
    address = html.unescape(re.findall(r'href="(/v1/export\.jsonl[^"]*)"', shown)[0])
    assert "severity=critical" in address
    lines = (await console.get(address)).text.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Se rompió. gravísimo"]


def test_the_darkest_cell_is_the_largest() -> None:
    cells = [
        HeatCell("billing", "outcome", Count(10, 0)),
        HeatCell("use", "outcome", Count(1, 0)),
        HeatCell("use", "procedural", Count(0, 3)),
    ]
    heat = heat_map(cells)
    assert [heat.levels["billing", "outcome"], heat.levels["use", "outcome"], heat.levels["use", "procedural"]] == [
        5,
        1,
        0,
    ]
    assert heat_map([]).levels == {}


@pytest.mark.anyio
async def test_the_overview_counts_what_is_stored(console: httpx.AsyncClient) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await post(console, "1", "No llegó.", received_at=yesterday)
    await post(console, "2", "Es gravísimo.")
    await post(console, "3", "Todo bien.")
    await post(console, "4", "Dudo ¿?", channel="chat")
    text = await page(console, "/")
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd><strong>([^<]+)</strong>", text))
    assert (figures["Messages"], figures["Complaints"], figures["Cases opened"], figures["To be reviewed"]) == (
        "4",
        "3",
        "3",
        "25%",
    )
    cells = re.findall(r'data-y="(\d+)"', text)
    assert sum(map(int, cells)) == 3
    narrowed = await page(console, "/?channel=chat&days=7")
    assert dict(re.findall(r"<dt>([^<]+)</dt><dd><strong>([^<]+)</strong>", narrowed))["Messages"] == "1"
    assert '<option value="7" selected>' in narrowed
    assert "There is no such label" in await page(console, "/?label=x", 422)
    await page(console, "/?since=2026-11-02&until=2026-11-01", 422)
    await page(console, "/?language=other")
    await page(console, "/?language=fr", 422)


FIRST_MOMENT = "0001-01-01T00:00:00%2B23:59"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        f"/?until={FIRST_MOMENT}",
        "/policy?until=9999-12-31",
        f"/cases?due={FIRST_MOMENT}",
        f"/v1/messages?since={FIRST_MOMENT}",
        f"/v1/cases?due_before={FIRST_MOMENT}",
        f"/v1/alerts?since={FIRST_MOMENT}",
        f"/v1/trail?since={FIRST_MOMENT}",
        "/v1/analytics/overview?since=0001-01-01&until=0001-02-01",
    ],
)
async def test_days_before_which_none_can_be_counted_are_refused(console: httpx.AsyncClient, path: str) -> None:
    answer = await console.get(path)
    assert answer.status_code == 422, answer.text


@pytest.mark.anyio
async def test_each_moment_of_truth_has_its_place_its_index_and_its_words(console: httpx.AsyncClient) -> None:
    await post(console, "1", "Es gravísimo. Mi tel es 612 345 678.")
    text = await page(console, "/moments")
    assert text.count('class="stop"') == 8
    assert "«" not in re.findall(r"<q[^>]*>([^<]*)</q>", text)
    assert re.findall(r"<q[^>]*>([^<]*)</q>", text) == ["Es gravísimo."]
    assert "0 / 100" in text
    assert "612 345 678" not in text


@pytest.mark.anyio
async def test_filters_stay_on_the_way_to_other_pages_of_figures(console: httpx.AsyncClient) -> None:
    text = html.unescape(await page(console, "/?days=7&channel=e%26mail&label=&next=x"))
    nav = re.findall(r'<li><a href="([^"]+)"', text.partition("<nav")[2].partition("</nav>")[0])
    filtered = [f"{path}?days=7&channel=e%26mail" for path in ("/", "/moments", "/policy", "/model")]
    assert nav == [*filtered[:2], "/cases", "/review", *filtered[2:], "/live"]
    assert '<a class="clear" href="/">Clear filters</a>' in text
    for path in ("/", "/cases?channel=chat"):
        plain = await page(console, path)
        assert "Clear filters" not in plain
        assert 'href="/moments"' in plain


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "value", "shown"), [("channel", "gone", "gone"), ("country", "GT", "GT"),
                                                      ("language", "pt", "português")])  # fmt: skip
async def test_what_is_chosen_is_shown_although_no_message_is_of_it(
    console: httpx.AsyncClient, name: str, value: str, shown: str
) -> None:
    await post(console)
    text = await page(console, f"/?{name}={value}")
    (select,) = re.findall(f'<select name="{name}">.*?</select>', text, re.DOTALL)
    assert re.findall(r"<option[^>]*selected>([^<]*)<", select) == [shown]


async def test_no_number_of_days_is_chosen_where_dates_are(console: httpx.AsyncClient) -> None:
    days = re.compile(r'<option value="(\d*)" selected>(?:last|from)')
    assert days.findall(await page(console, "/")) == ["30"]
    assert days.findall(await page(console, "/?days=30&since=2026-11-01&until=2026-11-03")) == [""]


@pytest.mark.anyio
async def test_no_alert_is_dropped_and_its_examples_lead_to_their_cases(console: httpx.AsyncClient) -> None:
    case_id = (await post(console, "1", "No llegó."))["case_id"]
    examples = [{"message_id": "m", "case_id": case_id}, {"message_id": "n", "case_id": None}]
    await keep(store_of(console), *[alert(value=f"place {number}", examples=examples) for number in range(6)])
    text = await page(console, "/", **{"accept-language": "pt"})
    first, _, rest = text.partition("<summary>e mais 1 alerta</summary>")
    assert [first.count("place "), rest.count("place ")] == [5, 1]
    assert text.count(f'href="/cases/{case_id}"') == 6
    await keep(store_of(console), alert(value="place 6", examples=[]))
    assert "and 2 more alerts" in await page(console, "/")
