"""The page of a day in a real browser; the day's texts, ids and model answers are hostile."""

import csv
import datetime
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb
import matplotlib.image
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page
from support.chat_server import ChatServer, answer
from support.workplace import Build, Workplace

from dbt_project.plugin.report import write_report
from dbt_project.report.kinds import ANOMALY_KINDS
from dbt_project.report.words import TIMES

DATE = "20230501"
HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror="window.hacked=1">',
    "</script><script>window.hacked=1</script>",
    "<a href='javascript:window.hacked=1'>tip</a>",
    "{{ 7 * 7 }} <svg/onload=window.hacked=1>",
    "-->]]></title></style><script>window.hacked=1</script>",
)
# what looks like a whole tag is taken out of an answer before it is stored; half a tag is not
HALF_TAG = "<img src=x onerror=window.hacked=1 "
NOTE = f"meter 7; {HOSTILE[0]} {HOSTILE[1]}"
ANSWER = f"Rain <script>window.hacked=1</script> and {HALF_TAG}all day."


@pytest.fixture(scope="module")
def hostile_day(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A day of four kinds of anomaly, summarised by a model that was talked into mischief."""
    workplace = Workplace(tmp_path_factory.mktemp("hostile"))
    rides: list[dict[str, object]] = [
        {
            "ride_id": f"normal-{number}",
            "ride_dist": 1 + number % 10 / 2,
            "ride_time": 0.1 + number % 10 / 20 + number % 7 / 200,
            "pickup_at": f"2023-05-01T{number % 24:02d}:30:00",
        }
        for number in range(200)
    ]
    measures = [(0.0, 7.0), (2.0, 9.0), (120.0, 0.4), (90.0, 3.0), (0.0, 5.0), (3.0, 24.0)]
    rides += [
        {
            "ride_id": f"{hostile}{number}",
            "area": hostile,
            "ride_dist": distance,
            "ride_time": time,
            "note": hostile,
            "news": "\n".join(HOSTILE),
            "weather": f"Heavy rain. {HOSTILE[1]}",
            "traffic": "\n".join(HOSTILE),
            **({} if number == 0 else {"pickup_at": f"2023-05-01T{2 + number:02d}:15:00"}),
        }
        for number, (hostile, (distance, time)) in enumerate(zip(HOSTILE, measures, strict=True))
    ]
    workplace.write(f"taxi-rides-{DATE}.json", rides)
    texts = [{"text": hostile, "area": None} for hostile in HOSTILE]
    workplace.write(f"news-{DATE}.json", texts)
    workplace.write(f"weather-{DATE}.json", [{"text": f"Heavy rain. {HOSTILE[1]}"}])
    workplace.write(f"traffic-{DATE}.json", texts)
    with ChatServer(otherwise=answer(ANSWER)) as server:
        return workplace.build_day(
            DATE, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="key-of-the-test"
        )


@pytest.fixture(scope="module")
def long_day(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A day without news, weather and traffic, and of 60 rides of which none is like another."""
    workplace = Workplace(tmp_path_factory.mktemp("long"))
    rides = [
        {"ride_id": number, "ride_dist": number, "ride_time": 1 + number * 37 % 60}
        for number in range(60)
    ]
    workplace.write(f"taxi-rides-{DATE}.json", rides)
    return workplace.build_day(DATE)


@pytest.fixture(scope="module")
def judged_day(
    browser: Browser, hostile_day: Build, tmp_path_factory: pytest.TempPathFactory
) -> Build:
    """The hostile day, after a reader has judged two rides and put the saved file into the lake."""
    workplace = Workplace(tmp_path_factory.mktemp("judged"))
    workplace.lake.mkdir(exist_ok=True)
    for file in hostile_day.lake.glob(f"*-{DATE}.json"):
        shutil.copy(file, workplace.lake)
    page = open_page(browser, hostile_day, timezone_id="America/New_York")
    judge(page, 1, "data error", NOTE)
    judge(page, 2, "explained")
    page.get_by_label("Your name").fill(HOSTILE[3])
    with page.expect_download() as download:
        page.get_by_role("button", name="Save verdicts").click()
    name = download.value.suggested_filename
    download.value.save_as(workplace.lake / name)
    page.get_by_text(f"{name} is saved: put it into the lake").wait_for()
    page.context.close()
    return workplace.build_day(DATE)


@contextmanager
def copied_tables(build: Build, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables of a build, to be changed."""
    with duckdb.connect() as connection:
        for name in ("build", "staging"):
            copy = shutil.copy(build.warehouse / f"{name}.duckdb", folder)
            connection.execute(f"attach '{copy}'")
        connection.execute("set search_path = 'build.main,staging.staging'")
        yield connection


def write_pages(connection: duckdb.DuckDBPyConnection, folder: Path, date: datetime.date) -> None:
    """Write a day's page and the index."""
    schemas = ("build.main", "staging.staging")
    place = str(folder)
    write_report(connection, schemas, [place], place, date, "Glasgow", "Europe/London", eps=0.3)


@pytest.fixture(scope="module")
def two_days(embedded_day: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of 29 April and 1 May and the index; of 30 April there is no page."""
    folder = tmp_path_factory.mktemp("days")
    with copied_tables(embedded_day, folder) as connection:
        for table in ("rides", "anomalous_rides", "ride_contexts", "daily_reports", "area_days"):
            for days in (1, 2):
                connection.execute(
                    f"insert into {table} by name select * replace (ride_date - {days} as "
                    f"ride_date) from {table} where ride_date = '2023-05-01'"
                )
        for date in (datetime.date(2023, 4, 29), datetime.date(2023, 5, 1)):
            write_pages(connection, folder, date)
            connection.execute(
                "update daily_reports set verdict = 'far more than usual', times_usual = 3, "
                "usual_share = 0.0067, usual_share_low = 0.005, usual_share_high = 0.01, "
                "warnings = ['no news in the lake', 'more rides than usual: 400'], "
                "caveats = ['more rides than usual: 400'] where ride_date = '2023-05-01'"
            )
            connection.execute(
                "update area_days set stands_out = area = 'Govan' where ride_date = '2023-05-01'"
            )
    return folder


def open_page(browser: Browser, build: Build, **options: object) -> Page:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    page.goto((build.warehouse / f"report_{DATE}.html").as_uri())
    return page


@pytest.fixture
def page(browser: Browser, hostile_day: Build) -> Iterator[Page]:
    page = open_page(browser, hostile_day)
    yield page
    page.context.close()


def visible_rows(page: Page) -> list[str]:
    return page.locator("#anomalies tr.ride:visible").evaluate_all(
        "rows => rows.map(row => row.cells[0].textContent)"
    )


def ride_of(page: Page, number: int) -> Locator:
    """The row of one of the hostile rides."""
    (place,) = (
        place
        for place, name in enumerate(
            page.locator("#anomalies tr.ride td:first-child").all_inner_texts()
        )
        if name == f"{HOSTILE[number]}{number}"
    )
    return page.locator("#anomalies tr.ride").nth(place)


def judge(page: Page, number: int, verdict: str, note: str = "") -> None:
    row = ride_of(page, number)
    row.get_by_role("combobox").select_option(verdict)
    if note:
        row.get_by_role("textbox").fill(note)


def mark(page: Page, kind: str) -> tuple[float, float]:
    """Where the first mark of a kind is on the screen."""
    use = page.locator(f".marks-{kind} use").first
    use.scroll_into_view_if_needed()
    box = use.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class TestSafety:
    def test_it_opens_without_a_message_and_asks_for_nothing_but_itself(
        self, browser: Browser, hostile_day: Build
    ) -> None:
        context = browser.new_context()
        page = context.new_page()
        messages: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        for name in (f"report_{DATE}.html", "report_index.html"):
            page.goto((hostile_day.warehouse / name).as_uri())
        assert messages == []
        assert [url.rpartition("/")[2] for url in requests] == [
            f"report_{DATE}.html",
            "report_index.html",
        ]
        context.close()

    @pytest.mark.parametrize("tables", [["anomalous_rides"], ["anomalous_rides", "rides"]])
    def test_a_day_without_anomalies_and_one_without_rides_open_without_a_message(
        self, page: Page, embedded_day: Build, tmp_path: Path, tables: list[str]
    ) -> None:
        with copied_tables(embedded_day, tmp_path) as connection:
            for table in tables:
                connection.execute(f"delete from {table}")
            connection.execute("delete from rides where is_anomaly")
            connection.execute(
                "update daily_reports set anomalous_rides = 0, summarized_contexts = 0, "
                "anomalous_share = 0, rides = (select count(*) from rides)"
            )
            write_pages(connection, tmp_path, datetime.date(2023, 5, 1))
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto((tmp_path / f"report_{DATE}.html").as_uri())
        page.get_by_text("There was none.").wait_for()
        assert messages == []

    def test_hostile_text_is_shown_as_text_and_never_runs(
        self, page: Page, hostile_day: Build
    ) -> None:
        assert page.evaluate("window.hacked") is None
        assert page.locator("img, iframe, object, a[href^='javascript']").count() == 0
        assert page.locator("script").count() == 2
        assert len(visible_rows(page)) == len(HOSTILE)
        told = page.locator("#anomalies").text_content() or ""
        circumstances = page.locator("[aria-labelledby=contexts-heading]").text_content() or ""
        for hostile in HOSTILE:
            assert hostile in told
            assert hostile in circumstances
        assert HALF_TAG in told
        assert HALF_TAG in (page.locator(".worst").text_content() or "")

    def test_stories_of_marks_show_hostile_text_as_text(self, page: Page) -> None:
        picture = page.locator("#picture")
        picture.focus()
        for _ in HOSTILE:
            picture.press("ArrowRight")
            assert HALF_TAG in page.locator("#story").inner_text()
        assert page.locator("#story :is(script, img, svg)").count() == 0
        assert page.evaluate("window.hacked") is None

    def test_a_script_that_got_in_all_the_same_would_not_run(
        self, page: Page, hostile_day: Build, tmp_path: Path
    ) -> None:
        html = (hostile_day.warehouse / f"report_{DATE}.html").read_text()
        spoilt = tmp_path / "spoilt.html"
        spoilt.write_text(html.replace("</header>", f"{HOSTILE[0]}{HOSTILE[1]}</header>"))
        page.goto(spoilt.as_uri())
        assert page.locator("header script").count() == 1
        assert page.evaluate("window.hacked") is None


class TestPicture:
    def test_every_anomaly_is_a_mark_of_its_kinds_own_shape_and_colour(
        self, page: Page, hostile_day: Build
    ) -> None:
        counts = dict(
            hostile_day.query("select anomaly_kind, count(*) from anomalous_rides group by all")
        )
        assert len(counts) >= 4
        shapes, colours = set(), set()
        for kind in ANOMALY_KINDS:
            marks = page.locator(f".marks-{kind.slug} use")
            assert marks.count() == counts.get(kind.name, 0)
            if kind.name in counts:
                reference = marks.first.get_attribute("xlink:href")
                shapes.add(page.locator(f"{reference}").get_attribute("d"))
                colours.add(marks.first.evaluate("use => getComputedStyle(use).fill"))
        assert len(shapes) == len(colours) == len(counts)

    def test_pointing_at_a_mark_tells_its_story(self, page: Page) -> None:
        page.mouse.move(*mark(page, "long-distance"))
        story = page.locator("#story")
        assert story.is_visible()
        assert "long distance: 120 miles in 24 min, 04:15" in story.inner_text()
        page.mouse.move(5, 5)
        assert not story.is_visible()

    def test_a_tap_on_a_phone_tells_it_too_and_leads_to_the_row(
        self, browser: Browser, hostile_day: Build
    ) -> None:
        phone = open_page(
            browser, hostile_day, viewport={"width": 390, "height": 844}, has_touch=True
        )
        phone.touchscreen.tap(*mark(phone, "long-distance"))
        story = phone.locator("#story")
        assert "120 miles in 24 min" in story.inner_text()
        box = story.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        story.locator("a").tap()
        row = phone.locator("#anomalies tr.chosen")
        assert "120.00" in row.inner_text()
        assert phone.evaluate("decodeURIComponent(location.hash)") == f"#{row.get_attribute('id')}"
        phone.context.close()

    def test_arrow_keys_go_from_mark_to_mark_and_escape_ends_it(self, page: Page) -> None:
        picture, story = page.locator("#picture"), page.locator("#story")
        picture.focus()
        stories = set()
        for _ in HOSTILE:
            picture.press("ArrowRight")
            stories.add(story.inner_text())
        assert len(stories) == len(HOSTILE)
        picture.press("Escape")
        assert not story.is_visible()


class TestTable:
    def test_a_heading_sorts_by_its_column_and_once_more_the_other_way(self, page: Page) -> None:
        heading = page.locator("#anomalies thead th", has_text="Time")
        hours = "rows => rows.map(row => Number(row.cells[3].dataset.v))"
        heading.get_by_role("button").press("Enter")
        rising = page.locator("#anomalies tr.ride").evaluate_all(hours)
        assert rising == sorted(rising)
        assert heading.get_attribute("aria-sort") == "ascending"
        heading.get_by_role("button").click()
        falling = page.locator("#anomalies tr.ride").evaluate_all(hours)
        assert falling == sorted(rising, reverse=True)
        assert heading.get_attribute("aria-sort") == "descending"

    def test_a_kind_that_is_switched_off_leaves_the_table_and_the_picture(self, page: Page) -> None:
        box = page.locator("#controls input[value=hardly-moved]")
        box.focus()
        box.press("Space")
        assert len(visible_rows(page)) == len(HOSTILE) - 2
        assert not page.locator(".marks-hardly-moved").is_visible()
        assert page.locator("[aria-labelledby=picture-heading] input:not(:checked)").count() == 1
        assert page.locator("#shown").inner_text() == "4 of 6 shown"

    def test_find_shows_the_rows_that_hold_the_words(self, page: Page) -> None:
        page.get_by_label("Find").fill('ONERROR="WINDOW.HACKED=1">1')
        assert visible_rows(page) == [f"{HOSTILE[1]}1"]

    def test_find_takes_words_in_any_order_from_facts_and_texts(self, page: Page) -> None:
        page.get_by_label("Find").fill("04:15 LONG-DISTANCE")
        assert visible_rows(page) == []
        page.get_by_label("Find").fill("all 04:15 distance RAIN")
        assert visible_rows(page) == [f"{HOSTILE[2]}2"]

    def test_rides_of_one_summary_share_one_text_until_a_heading_sorts_them(
        self, page: Page, hostile_day: Build
    ) -> None:
        texts = page.locator("#anomalies tr.group:visible .text").all_text_contents()
        ((expected,),) = hostile_day.query("select count(distinct summary) from anomalous_rides")
        assert len(texts) == expected < len(HOSTILE)
        page.locator("#anomalies .sort").first.click()
        assert page.locator("#anomalies tr.group:visible").count() == 0
        assert len(visible_rows(page)) == len(HOSTILE)
        page.get_by_role("button", name="Group again").click()
        assert page.locator("#anomalies tr.group:visible .text").all_text_contents() == texts
        assert page.locator("#anomalies [aria-sort]").count() == 0

    @pytest.mark.parametrize("name", ["Severity", "Reason", "Area", "Hour"])
    def test_a_choice_shows_the_rides_of_its_value_and_no_others(
        self, page: Page, hostile_day: Build, name: str
    ) -> None:
        choice = page.get_by_role("combobox", name=name)
        column = {"Severity": 6, "Reason": 9, "Area": 8, "Hour": 7}[name]
        all_rows = len(visible_rows(page))
        value = choice.locator("option").nth(1)
        choice.select_option(index=1)
        label, _, number = (value.text_content() or "").rpartition(" (")
        cells = page.locator("#anomalies tr.ride:visible").evaluate_all(
            f"rows => rows.map(row => row.cells[{column}].textContent.trim())"
        )
        assert 0 < len(cells) == int(number.rstrip(")")) < all_rows
        assert {cell[:2] if name == "Hour" else cell for cell in cells} == {
            label[:2] if name == "Hour" else label
        }
        page.get_by_role("button", name="Show all again").click()
        assert len(visible_rows(page)) == all_rows

    def test_an_hour_in_the_picture_shows_its_rides(self, page: Page) -> None:
        page.locator("#hours-svg [data-value='4']").click()
        assert visible_rows(page) == [f"{HOSTILE[2]}2"]
        assert page.locator("#shown").inner_text() == "1 of 6 shown"

    @pytest.mark.parametrize(("name", "column"), [("severity", 6), ("reason", 9)])
    def test_a_word_of_a_ride_to_look_at_shows_the_rides_of_which_it_is_said(
        self, page: Page, name: str, column: int
    ) -> None:
        link = page.locator(f".worst [data-filter={name}]").last
        said = link.get_attribute("data-value")
        link.press("Enter")
        cells = page.locator("#anomalies tr.ride:visible").evaluate_all(
            f"rows => rows.map(row => row.cells[{column}].textContent.trim())"
        )
        assert 0 < len(cells) < len(HOSTILE)
        assert set(cells) == {said}

    def test_what_is_shown_is_downloaded_as_csv_that_no_spreadsheet_runs(
        self, page: Page, hostile_day: Build
    ) -> None:
        page.get_by_role("combobox", name="Severity").select_option(index=1)
        formula = page.locator("#anomalies tr.ride:visible td a").first
        formula.evaluate("link => { link.textContent = '=1+1'; }")
        shown = visible_rows(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        assert download.value.suggested_filename == f"anomalous_rides_{DATE}.csv"
        with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
            records = list(csv.DictReader(file))
        assert len(records) == len(shown) < len(HOSTILE)
        assert [record["ride_id"] for record in records] == ["'=1+1", *shown[1:]]
        known = {
            row[0]: row[1:]
            for row in hostile_day.query(
                "select ride_id, ride_dist, ride_minutes, severity, likely_reason, "
                "strftime(pickup_local, '%Y-%m-%dT%H:%M:%S') from anomalous_rides"
            )
        }
        assert len(shown) > 1
        for record in records[1:]:
            dist, minutes, severity, reason, pickup = known[record["ride_id"]]
            assert float(record["ride_dist"]) == dist
            assert float(record["ride_minutes"]) == pytest.approx(minutes, abs=0.005)
            assert (record["severity"], record["likely_reason"]) == (severity, reason)
            assert record["pickup_local"] == (pickup or "")

    def test_what_is_shown_is_copied_a_ride_a_line(self, page: Page) -> None:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_label("Find").fill("04:15")
        page.get_by_role("button", name="Copy").click()
        page.get_by_text("1 copied").wait_for()
        heading, ride = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert heading.split("\t")[:2] == ["ride_id", "anomaly_kind"]
        assert ride.split("\t")[:3] == [f"{HOSTILE[2]}2", "long distance", "120.0"]

    def test_a_row_names_the_line_of_its_record_in_the_export(
        self, page: Page, hostile_day: Build
    ) -> None:
        export = f"clustered_summarized_{DATE}.json"
        lines = (hostile_day.lake / export).read_text().splitlines()
        rows = page.locator("#anomalies tr.ride")
        for place in range(rows.count()):
            row = rows.nth(place)
            link = row.locator("a[href*=clustered]").get_attribute("href") or ""
            file, _, line = link.partition("#L")
            ride_id = row.locator("td").first.text_content() or ""
            exported = (hostile_day.warehouse / file).resolve()
            assert exported == (hostile_day.lake / export).resolve()
            assert ride_id.replace('"', '\\"') in lines[int(line) - 1]
            assert ride_id.replace('"', '\\"') in (row.locator("pre").text_content() or "")


class TestLinks:
    """A link shows what it leads to, wherever that is hidden and wherever the link is."""

    def test_an_address_of_a_ride_after_the_fiftieth_shows_it(
        self, browser: Browser, long_day: Build
    ) -> None:
        page = open_page(browser, long_day)
        hidden = page.locator("#anomalies tr.ride:not(:visible)")
        assert hidden.count() == 10
        name = hidden.last.get_attribute("id") or ""
        page.goto(f"{page.url}#{name}")
        row = page.locator(f"#{name}")
        row.wait_for()
        assert "chosen" in (row.get_attribute("class") or "")
        elsewhere = page.context.new_page()
        elsewhere.goto(page.url)
        assert elsewhere.locator(f"#{name}").is_visible()
        assert (
            elsewhere.evaluate(f"document.querySelector('#{name}').getBoundingClientRect().y") < 900
        )
        page.context.close()

    def test_a_link_shows_it_again_when_its_kind_was_switched_off(
        self, browser: Browser, long_day: Build
    ) -> None:
        page = open_page(browser, long_day)
        page.goto(f"{page.url}#ride-59")
        page.locator("#ride-59").wait_for()
        page.evaluate("document.querySelectorAll('.legend input').forEach(box => box.click())")
        page.get_by_label("Find").fill("nothing like it")
        assert not page.locator("#ride-59").is_visible()
        page.evaluate(
            "document.body.insertAdjacentHTML('afterbegin', '<a id=again href=#ride-59>again</a>')"
        )
        page.locator("#again").click()
        assert page.locator("#ride-59").is_visible()
        page.context.close()

    def test_every_ride_has_a_link_of_its_own_by_its_id(self, page: Page) -> None:
        for name in visible_rows(page):
            page.goto(f"{page.url.partition('#')[0]}#ride-{quote(name)}")
            page.wait_for_function("document.querySelectorAll('tr.chosen').length === 1")
            assert page.locator("tr.chosen td").first.text_content() == name
        page.goto(f"{page.url.partition('#')[0]}#ride-nobody")
        page.get_by_text("The ride of this address is not in the table").wait_for()

    def test_a_link_to_a_ride_leads_to_it_in_a_sorted_table_too(self, page: Page) -> None:
        page.locator("#anomalies .sort").nth(3).click()
        page.locator(".worst a[href^='#ride-']").first.click()
        row = page.locator("tr.chosen")
        assert row.is_visible()
        assert row.locator("td").first.text_content() == (
            page.locator(".worst a[href^='#ride-']").first.text_content()
        )

    def test_an_address_and_a_link_of_circumstances_open_them(self, page: Page) -> None:
        texts = page.locator("#c1 p").first
        assert not texts.is_visible()
        page.goto(f"{page.url}#c1")
        texts.wait_for()
        page.locator("#c1 summary").click()
        assert not texts.is_visible()
        page.locator("#anomalies a[href='#c1']").first.click()
        assert texts.is_visible()


class TestVerdicts:
    """What a reader finds out is kept, saved as a file of the lake, and told by the next build."""

    def test_a_saved_file_gives_the_verdicts_of_the_next_build(self, judged_day: Build) -> None:
        assert judged_day.query(
            "select ride_id, verdict, note, judged_by, "
            "abs(date_diff('minute', judged_at, now())) < 60 from ride_verdicts order by verdict"
        ) == [
            (f"{HOSTILE[1]}1", "data error", NOTE, HOSTILE[3], True),
            (f"{HOSTILE[2]}2", "explained", None, HOSTILE[3], True),
        ]
        assert judged_day.query("from rejected_verdicts") == []

    def test_rides_that_were_judged_say_so_as_text(
        self, browser: Browser, judged_day: Build
    ) -> None:
        page = open_page(browser, judged_day)
        said = f"Judged data error by {HOSTILE[3]}: {NOTE}"
        assert ride_of(page, 1).locator(".judged").text_content() == said
        assert ride_of(page, 0).locator(".judged").count() == 0
        assert said in page.locator(".worst .judged").all_text_contents()
        assert page.evaluate("window.hacked") is None
        page.emulate_media(media="print")
        assert ride_of(page, 1).locator(".judged").is_visible()
        assert page.locator(":is(select, button, .verdict-on input):visible").count() == 0
        page.context.close()

    def test_they_stay_in_the_browser_until_they_are_taken_back(self, page: Page) -> None:
        assert not page.locator("#judging").is_visible()
        judge(page, 1, "misuse", NOTE)
        judge(page, 2, "real")
        page.reload()
        page.get_by_text("2 verdicts, kept in this browser").wait_for()
        row = ride_of(page, 1)
        assert row.get_by_role("combobox").input_value() == "misuse"
        assert row.get_by_role("textbox").input_value() == NOTE
        other = page.context.new_page()
        other.goto(page.url)
        judge(other, 1, "")
        page.get_by_text("1 verdict, kept in this browser").wait_for()
        assert not row.get_by_role("textbox").is_visible()
        judge(page, 2, "")
        assert not page.locator("#judging").is_visible()
        assert page.evaluate("window.hacked") is None

    def test_a_letter_is_enough_on_the_keyboard_and_finding_and_sorting_know_the_verdict(
        self, page: Page
    ) -> None:
        choice = ride_of(page, 3).get_by_role("combobox", name=f"Verdict on ride {HOSTILE[3]}3")
        choice.focus()
        choice.press("m")
        assert choice.input_value() == "misuse"
        page.get_by_label("Find").fill("misuse")
        assert visible_rows(page) == []  # words of the choices are not words of the ride
        page.get_by_label("Find").fill("")
        for _ in range(2):
            page.locator("#anomalies .sort", has_text="Verdict").click()
        assert visible_rows(page)[0] == f"{HOSTILE[3]}3"

    def test_what_something_else_has_left_in_the_browser_is_no_verdict(self, page: Page) -> None:
        for left in ("{", "{}", '[null, {"ride_id": 1, "verdict": "fine"}]', '[["a", "real"]]'):
            judge(page, 1, "real")
            page.evaluate(
                "left => Object.keys(localStorage).forEach(key => localStorage[key] = left)", left
            )
            page.reload()
            assert not page.locator("#judging").is_visible()

    def test_they_can_be_saved_where_the_browser_keeps_nothing(
        self, page: Page, hostile_day: Build
    ) -> None:
        page.add_init_script(
            "Object.defineProperty(window, 'localStorage', "
            "{get() { throw new DOMException('no', 'SecurityError'); }})"
        )
        page.reload()
        judge(page, 1, "real")
        judge(page, 2, "misuse")
        page.get_by_text("2 verdicts; this browser keeps none, so save").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save verdicts").click()
        saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        assert {(record["ride_id"], record["verdict"]) for record in saved} == {
            (f"{HOSTILE[1]}1", "real"),
            (f"{HOSTILE[2]}2", "misuse"),
        }
        assert all(set(record) == {"ride_id", "verdict", "at"} for record in saved)

    def test_a_long_id_is_named_whole_and_one_without_end_is_not_judged(
        self, page: Page, embedded_day: Build, tmp_path: Path
    ) -> None:
        long = "a\rb" + "0123456789" * 30
        with copied_tables(embedded_day, tmp_path) as connection:
            first, second, *_ = connection.execute(
                "select ride_id from anomalous_rides order by ride_id"
            ).fetchall()
            for (ride_id,), longer in ((first, long), (second, long * 10)):
                connection.execute(
                    "update anomalous_rides set ride_id = $longer where ride_id = $ride_id",
                    {"longer": longer, "ride_id": ride_id},
                )
            write_pages(connection, tmp_path, datetime.date(2023, 5, 1))
        page.goto((tmp_path / f"report_{DATE}.html").as_uri())
        rows = page.locator("#anomalies tr.ride")
        assert page.locator(".verdict-on select").count() == rows.count() - 1
        page.locator("tr.ride:has-text('0123456789') select").select_option("real")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save verdicts").click()
        saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        assert [record["ride_id"] for record in saved] == [long]


class TestLook:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_nothing_stands_in_the_way_of_a_reader_with_a_screen_reader_or_weak_eyes(
        self, browser: Browser, judged_day: Build, two_days: Path, scheme: str
    ) -> None:
        page = open_page(browser, judged_day, color_scheme=scheme)
        judge(page, 2, "misuse", "asked")
        for place in (judged_day.warehouse, two_days):
            for name in (f"report_{DATE}.html", "report_index.html"):
                page.goto((place / name).as_uri())
                page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
        page.goto((two_days / f"report_{DATE}.html").as_uri())
        contrast = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
        for tone in ("alarm", "warning", "calm", "unknown"):
            page.locator(".verdict").evaluate(f"one => one.className = 'verdict {tone}'")
            found = Axe().run(page, context=".verdict", options=contrast)
            assert found.violations_count == 0, found.generate_report()
        page.context.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_marks_stand_out_from_the_page(
        self, browser: Browser, hostile_day: Build, scheme: str
    ) -> None:
        page = open_page(browser, hostile_day, color_scheme=scheme)
        style = "name => getComputedStyle(document.documentElement).getPropertyValue(name)"
        paper = luminance(page.evaluate(style, "--page"))
        assert (paper > 0.9) == (scheme == "light")
        for kind in ANOMALY_KINDS:
            ink = luminance(page.evaluate(style, f"--{kind.slug}"))
            contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
            assert contrast >= 3, kind.name
        page.context.close()

    def test_a_phone_shows_it_without_scrolling_sideways_and_large_enough_to_read(
        self, browser: Browser, hostile_day: Build
    ) -> None:
        phone = open_page(browser, hostile_day, viewport={"width": 390, "height": 844})
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = phone.locator("figure svg text").evaluate_all(
            "all => all.map(text => { const on = text.getScreenCTM(); "
            "return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(on.a, on.b); })"
        )
        assert 7.5 <= min(sizes) <= max(sizes) <= 14  # pixels
        phone.context.close()

    def test_no_window_scrolls_sideways_however_wide_it_is(
        self, page: Page, hostile_day: Build, judged_day: Build, two_days: Path
    ) -> None:
        for place in (hostile_day.warehouse, judged_day.warehouse, two_days):
            for name in (f"report_{DATE}.html", "report_index.html"):
                page.goto((place / name).as_uri())
                for width in (1440, 1400, 1280, 1024, 760, 701, 390, 360):
                    page.set_viewport_size({"width": width, "height": 900})
                    needed = page.evaluate("document.documentElement.scrollWidth")
                    assert needed <= width, (name, width)

    def test_the_index_on_a_phone_shows_every_column_in_few_lines(
        self, browser: Browser, long_day: Build
    ) -> None:
        phone = open_page(browser, long_day, viewport={"width": 390, "height": 844})
        phone.goto((long_day.warehouse / "report_index.html").as_uri())
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        row = phone.locator(".days tbody tr").first
        cells = row.locator("th, td")
        assert cells.count() == 6
        for place in range(cells.count()):
            box = cells.nth(place).bounding_box()
            assert box is not None
            assert 0 <= box["x"] < box["x"] + box["width"] <= 390
        box = row.bounding_box()
        assert box is not None
        assert box["height"] < 150
        phone.context.close()

    def test_a_print_has_words_pictures_and_table_and_no_controls(self, page: Page) -> None:
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert page.locator(".lead").is_visible()
        assert page.locator("#rides-svg").is_visible()
        assert len(visible_rows(page)) == len(HOSTILE)
        for control in ("#controls", "nav", "#story", "summary"):
            assert not page.locator(control).first.is_visible()
        pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", print_background=True))
        assert len(pages) <= 4

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_eyes_that_see_no_red_and_green_tell_kinds_by_shape_and_marks_from_the_paper(
        self, browser: Browser, hostile_day: Build, scheme: str
    ) -> None:
        page = open_page(browser, hostile_day, color_scheme=scheme, device_scale_factor=4)
        page.context.new_cdp_session(page).send(
            "Emulation.setEmulatedVisionDeficiency", {"type": "deuteranopia"}
        )
        shapes = page.locator("symbol polygon").evaluate_all(
            "all => all.map(polygon => polygon.getAttribute('points'))"
        )
        assert len(set(shapes)) == len(ANOMALY_KINDS)
        marks = page.locator("#controls .mark")
        assert marks.count() >= 4
        for place in range(marks.count()):
            drawn = matplotlib.image.imread(io.BytesIO(marks.nth(place).screenshot()))
            tall, wide = drawn.shape[:2]
            ink, paper = drawn[tall * 2 // 3, wide // 2, :3], drawn[0, 0, :3]
            colours = (f"#{bytes(round(255 * part) for part in of).hex()}" for of in (ink, paper))
            lights = sorted(map(luminance, colours))
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 3, place
        page.context.close()

    def test_a_print_begins_with_one_page_of_summary_and_repeats_the_headings_of_the_table(
        self, browser: Browser, hostile_day: Build
    ) -> None:
        width, height = (round((side - 2 * 14) / 25.4 * 96) for side in (210, 297))  # of A4
        page = open_page(browser, hostile_day, viewport={"width": width, "height": height})
        page.emulate_media(media="print")
        summary = page.locator(".summary-page").bounding_box()
        assert summary is not None
        assert summary["y"] + summary["height"] <= height
        style = "(name, of) => getComputedStyle(of).getPropertyValue(name)"
        after = page.locator(".summary-page").evaluate("of => getComputedStyle(of).breakAfter")
        assert after == "page"
        head = page.locator("#anomalies thead")
        # with a control among them, Chromium prints the headings once
        assert head.locator("button, input, select").count() == 0
        for name, value in (("display", "table-header-group"), ("break-inside", "avoid")):
            assert head.evaluate(f"of => ({style})('{name}', of)") == value
        for figure in page.locator("section:has(> figure)").all():
            assert figure.evaluate("of => getComputedStyle(of).breakInside") == "avoid"
        page.context.close()

    def test_a_day_finds_the_one_before_and_after_it_though_its_page_was_first(
        self, page: Page, two_days: Path
    ) -> None:
        page.goto((two_days / "report_20230429.html").as_uri())
        page.get_by_role("link", name="Day after").click()
        page.wait_for_url("**/report_20230501.html")
        page.get_by_role("link", name="Day before").click()
        page.wait_for_url("**/report_20230429.html")
        page.get_by_role("link", name="Day before").click()
        page.get_by_text("No day before that one has a page here.").wait_for()
        page.go_back()
        assert page.url.endswith("report_20230429.html")

    def test_a_day_of_the_weeks_opens_its_page(self, page: Page, two_days: Path) -> None:
        page.goto((two_days / "report_20230501.html").as_uri())
        page.locator("#weeks-svg [data-day='20230429']").click()
        page.wait_for_url("**/report_20230429.html")
        page.goto((two_days / "report_20230501.html").as_uri())
        page.get_by_text("Day by day, in words").click()
        page.get_by_role("link", name="Saturday 29 April 2023").click()
        page.wait_for_url("**/report_20230429.html")

    def test_the_index_tells_the_verdict_the_usual_range_and_the_worst_area(
        self, page: Page, two_days: Path
    ) -> None:
        page.goto((two_days / "report_index.html").as_uri())
        cells = page.locator("#day-20230501 :is(th, td)")
        told = cells.all_inner_texts()
        assert told[:2] == ["Mon 1 May", f"3{TIMES} the usual"]
        assert told[2].strip() == "2.0%"
        assert told[3:5] == ["8 of 400", "Govan"]
        assert told[5] == "more rides than usual: 400; 1 note on the page"
        assert page.locator("#day-20230501 svg .usual").count() == 1
        assert page.locator("#day-20230430 a, #day-20230430 svg .usual").count() == 0
        assert page.locator("#weeks-svg .usual").count() == 1

    def test_the_index_leads_to_the_day_and_the_day_to_the_index(self, page: Page) -> None:
        page.get_by_role("link", name="All days").click()
        assert page.get_by_role("heading", level=1).inner_text().endswith("all days")
        page.get_by_role("link", name="Mon 1 May").click()
        assert "Monday 1 May 2023" in page.get_by_role("heading", level=1).inner_text()


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, as the accessibility guidelines define it."""
    digits = colour.strip().removeprefix("#")
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
