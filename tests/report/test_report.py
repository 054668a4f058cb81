"""The report of days of every sort, and its e-mail over a real socket."""

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote
from xml.etree import ElementTree

import duckdb
import pytest
from aiosmtpd.smtp import AuthResult
from support.mail_server import Mailbox, mail_server
from support.workplace import ROOT, Build

from dbt_project.errors import UserError
from dbt_project.lake.pages import write_page
from dbt_project.plugin.report import write_report
from dbt_project.report.card import Format, render_card
from dbt_project.report.charts import hours_chart, weeks_chart
from dbt_project.report.exports import Exports
from dbt_project.report.facts import read_facts
from dbt_project.report.hours import read_hours
from dbt_project.report.page import LARGEST_PAGE, MOST_RIDES, read_page
from dbt_project.report.rides import MARKS
from dbt_project.report.words import (
    TIMES,
    comparison,
    duration,
    headline,
    miles,
    share,
    volume,
    weekday,
)
from dbt_project.send_report import subject

DATE = datetime.date(2023, 5, 1)
SCHEMAS = ("build.main", "staging.staging")


@pytest.fixture
def day(embedded_day: Build, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The embedded day's tables, to be changed."""
    with duckdb.connect() as connection:
        for name in ("build", "staging"):
            copy = shutil.copy(embedded_day.warehouse / f"{name}.duckdb", tmp_path)
            connection.execute(f"attach '{copy}'")
        connection.execute(f"set search_path = '{','.join(SCHEMAS)}'")
        yield connection


def page_of(day: duckdb.DuckDBPyConnection) -> str:
    page = read_page(day, DATE, "Glasgow", "Europe/London", eps=0.3)
    return page.render(Exports.seen_from("lake", "lake"))


class TestDays:
    def test_the_embedded_day_is_told_in_words(self, embedded_day: Build) -> None:
        page = (embedded_day.warehouse / "report_20230501.html").read_text()
        for words in (
            "Monday 1 May 2023",
            "8 of 400 rides were anomalous (2.0%).",
            "The warehouse holds no ride of the 28 days before to compare with.",
            "8 of 408 records could not be used",
            "No language model was used",
            "1.2 miles in 12 h 19 min",
            "A normal ride of that distance takes about",
            "No other day of the 12 weeks before is in the warehouse",
        ):
            assert words in page
        index = (embedded_day.lake / "report_index.html").read_text()
        assert '<a href="report_20230501.html">Mon 1 May</a>' in index

    def test_the_page_leads_to_the_exports_from_both_places_where_it_lies(
        self, embedded_day: Build
    ) -> None:
        for folder in (embedded_day.lake, embedded_day.warehouse):
            page = (folder / "report_20230501.html").read_text()
            links = re.findall(r'href="([^"#]*clustered_[^"#]*)', page)
            assert len(links) == 8 + 3
            assert {(folder / unquote(link)).resolve() for link in links} == {
                (embedded_day.lake / f"clustered_{name}_20230501.json").resolve()
                for name in ("data", "summarized")
            }

    def test_where_no_link_leads_to_the_exports_the_page_says_where_they_are(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        written = read_page(day, DATE, "Glasgow", "Europe/London", eps=0.3)
        page = written.render(Exports.seen_from("warehouse", "s3://taxi/lake/"))
        assert "<code>s3://taxi/lake/clustered_data_20230501.json</code>" in page
        assert 'href="clustered' not in page
        page = written.render(Exports.seen_from("s3://taxi/lake", "s3://taxi/lake/"))
        assert '<a href="clustered_data_20230501.json">' in page

    def test_the_same_tables_give_the_same_bytes(self, day: duckdb.DuckDBPyConnection) -> None:
        assert page_of(day) == page_of(day)

    def test_no_identifier_is_in_the_page_twice_and_none_that_is_named_is_missing(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "insert into daily_reports by name select * replace (ride_date - 1 as ride_date) "
            "from daily_reports"
        )
        page = page_of(day)
        identifiers = re.findall(r' id="([^"]*)"', page)
        named = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)|aria-labelledby="([^"]*)"', page)
        assert len(identifiers) == len(set(identifiers))
        assert len(named) > 50
        assert {name for names in named for name in names if name} <= set(identifiers)

    def test_pictures_are_small_and_take_their_colours_from_the_page(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        page = page_of(day)
        start = page.index("<svg xmlns")
        rides = ElementTree.fromstring(page[start : page.index("</svg>", start) + 6])
        svg = "{http://www.w3.org/2000/svg}"
        assert rides.find(f".//{svg}metadata") is rides.find(f".//{svg}style") is None
        for mark in rides.iter(f"{svg}use"):
            assert "style" not in mark.attrib
        numbers = [value for element in rides.iter() for value in element.attrib.values()]
        assert not re.search(r"\d\.\d{3}", " ".join(numbers))
        classes = {element.get("class", "") for element in rides.iter()}
        assert {"shade-5", "outline-0", "marks-hardly-moved"} <= classes

    def test_a_day_without_rides_says_so(self, day: duckdb.DuckDBPyConnection) -> None:
        for table in ("rides", "anomalous_rides", "ride_contexts"):
            day.execute(f"delete from {table}")
        day.execute(
            "update daily_reports set rides = 0, anomalous_rides = 0, anomalous_share = null, "
            "summarized_contexts = 0, warnings = ['no ride records at all']"
        )
        page = page_of(day)
        assert "There were no rides on this day." in page
        assert "No ride records at all." in page
        assert "There was none." in page

    def test_a_day_without_anomalies_says_so(self, day: duckdb.DuckDBPyConnection) -> None:
        day.execute("delete from anomalous_rides; delete from rides where is_anomaly")
        day.execute(
            "update daily_reports set rides = 392, anomalous_rides = 0, anomalous_share = 0, "
            "summarized_contexts = 0"
        )
        page = page_of(day)
        assert "None of 392 rides was anomalous." in page
        assert "With no anomalous ride there was nothing to summarise." in page
        assert 'id="rides-svg"' in page

    def test_a_day_of_which_every_ride_is_anomalous_has_its_page(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("delete from rides where not is_anomaly")
        day.execute("update rides set anomaly_kind = 'nothing to compare with'")
        day.execute("update anomalous_rides set anomaly_kind = 'nothing to compare with'")
        day.execute("update daily_reports set rides = 8, anomalous_share = 1, clusters = 0")
        page = page_of(day)
        assert "8 of 8 rides were anomalous (100.0%)." in page
        assert "The day has no normal ride to compare it with." in page

    def test_a_day_without_side_files_and_pickup_times_says_so(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("delete from weather_hours; delete from stg_lake__traffic")
        day.execute("update rides set pickup_at = null, pickup_local = null, area = null")
        day.execute("update anomalous_rides set pickup_at = null, pickup_local = null, area = null")
        day.execute("update daily_reports set warnings = ['no traffic in the lake']")
        page = page_of(day)
        assert "No traffic in the lake." in page
        assert "No ride of this day has a pickup time." in page
        assert "8 anomalous rides without a pickup time are not in this picture." in page

    @pytest.mark.parametrize(
        ("verdict", "words"),
        [
            ("nothing to compare with", "8 of 400 rides were anomalous (2.0%)."),
            ("too few rides", "Too few rides to judge. 8 of 400 rides were anomalous (2.0%)."),
            ("too sparse", "Too many anomalous rides to judge. 8 of 400 rides were anomalous"),
        ],
    )
    def test_the_headline_says_first_whether_the_day_can_be_judged(
        self, day: duckdb.DuckDBPyConnection, verdict: str, words: str
    ) -> None:
        day.execute("update daily_reports set verdict = $verdict", {"verdict": verdict})
        assert f'<p class="lead">{words}' in page_of(day)

    def test_a_day_that_was_not_built_has_no_page(self, day: duckdb.DuckDBPyConnection) -> None:
        with pytest.raises(UserError, match="2023-05-09 has not been built"):
            read_page(day, datetime.date(2023, 5, 9), "Glasgow", "Europe/London", eps=0.3)

    def test_what_a_model_wrote_and_cost_is_told(self, day: duckdb.DuckDBPyConnection) -> None:
        day.execute(
            "update daily_reports set summarized_contexts = 8, llm_summaries = 7, llm_calls = 9, "
            "cost_usd = 0.0042, warnings = ['1 of 8 summaries without the LLM, which failed']"
        )
        day.execute("update anomalous_rides set summary_status = 'ok', summary_model = 'model-x'")
        page = page_of(day)
        assert "A language model wrote 7 of 8 summaries by model-x: 9 calls, about $0.0042." in page
        assert "1 of 8 summaries without the LLM, which failed." in page

    def test_circumstances_stand_in_the_hours_in_which_they_held(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("delete from weather_hours; delete from stg_lake__traffic")
        day.execute(
            "insert into weather_hours by name select '2023-05-01'::date as ride_date, hour_start, "
            "hour_start at time zone 'Europe/London' as hour_local, area, text from (values "
            "('2023-05-01 07:00:00+01'::timestamptz, null, 'Dry.'), "
            "('2023-05-01 08:00:00+01', null, e'Dry.\\nHeavy snow.'), "
            "('2023-05-01 08:00:00+01', 'Govan', 'Fog.')) as hours (hour_start, area, text)"
        )
        day.execute(
            "insert into stg_lake__traffic (record_number, started_at, ended_at, area, text) "
            "values "
            "(1, '2023-05-01 10:30:00+01', '2023-05-01 12:00:00+01', 'Govan', 'Tunnel closed.'), "
            "(2, '2023-05-01 22:00:00+01', null, null, 'Bridge closed.')"
        )
        page = page_of(day)
        rows = {
            row.partition(":00</th>")[0]: row.partition("</tr>")[0]
            for row in page.split('<th scope="row">')[1:25]
        }
        assert "Dry." in rows["07"]
        assert "Heavy snow." not in rows["07"]
        assert "Dry.\nHeavy snow.\nGovan: Fog." in rows["08"]
        assert "Dry." not in rows["09"]
        held = [hour for hour, row in rows.items() if "Govan: Tunnel closed." in row]
        assert held == ["10", "11"]
        assert [hour for hour, row in rows.items() if "Bridge closed." in row] == ["22", "23"]


USUAL = (
    "update daily_reports set anomalous_rides = 31, rides = 1000, anomalous_share = 0.031, "
    "verdict = $verdict, times_usual = $times, usual_share = 0.01, usual_share_low = 0.008, "
    "usual_share_high = 0.015, usual_days_built = 28, weekdays_built = 4, "
    "weekday_lowest_share = 0.009, weekday_highest_share = 0.014"
)


class TestFirstScreen:
    @pytest.mark.parametrize(
        ("verdict", "times_usual", "words", "tone"),
        [
            (
                "far more than usual",
                3.1,
                f"3.1{TIMES} the usual: 3.1% of the rides, usually 0.8 to 1.5%.",
                "alarm",
            ),
            ("more than usual", 1.55, f"1.6{TIMES} the usual: 3.1% of the rides", "warning"),
            ("more than usual", None, "More than usual: 3.1% of the rides", "warning"),
            ("ordinary", 1.1, "An ordinary day: 3.1% of the rides, usually 0.8 to 1.5%.", "calm"),
            ("fewer than usual", 0.2, "Fewer than usual: 3.1% of the rides, usually", "calm"),
            ("too few rides", 3.1, "Too few rides to judge. 31 of 1,000 rides", "unknown"),
            (None, None, "31 of 1,000 rides were anomalous (3.1%).", "unknown"),
        ],
    )
    def test_the_verdict_comes_first_in_words_and_colour(
        self,
        day: duckdb.DuckDBPyConnection,
        verdict: str | None,
        times_usual: float | None,
        words: str,
        tone: str,
    ) -> None:
        day.execute(USUAL, {"verdict": verdict, "times": times_usual})
        page = page_of(day)
        start = page.index('<div class="verdict')
        box = page[start : page.index("</div>", start)]
        assert box.startswith(f'<div class="verdict {tone}">\n<p class="lead">{words}')
        assert box.count("31 of 1,000 rides were anomalous") == 1
        assert "On the 4 Mondays before it was 0.9% to 1.4%: more than on any of them." in box

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            (0.012, "an ordinary Monday by that"),
            (0.02, "more than on any of them"),
            (0.001, "fewer than on any of them"),
        ],
    )
    def test_a_weekday_is_compared_with_its_like(
        self, day: duckdb.DuckDBPyConnection, part: float, words: str
    ) -> None:
        day.execute(USUAL, {"verdict": "ordinary", "times": 1})
        day.execute("update daily_reports set anomalous_share = $part", {"part": part})
        assert weekday(read_facts(day, DATE)).endswith(f": {words}.")

    def test_areas_are_bars_and_the_worst_is_in_the_headline(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("delete from area_days")
        day.execute(
            "insert into area_days by name select '2023-05-01'::date as ride_date, * from (values "
            "('Leith', 10, 1, 0.1, 5.0, 0.8, false, null, null), "
            "('Govan', 50, 5, 0.1, 4.0, 3.9, true, 0.0, 0.04), "
            "('Ibrox', 90, 9, 0.09, 3.6, 7.2, true, 0.01, 0.05)) "
            "as areas (area, rides, anomalous_rides, anomalous_share, times_city, beyond_city, "
            "stands_out, usual_share_low, usual_share_high)"
        )
        page = page_of(day)
        lead = page.partition('<p class="lead">')[2].partition("</p>")[0]
        assert lead.endswith(f"Worst in Ibrox: 9.0%, 3.6{TIMES} the city.")
        bars = page.split('<div class="area ')[1:] + page.split('<div class="area">')[1:]
        names = [bar.partition('data-value="')[2].partition('"')[0] for bar in bars]
        assert names == ["Ibrox", "Govan", "Leith"]
        assert f"9.0%</strong>, 3.6{TIMES} the city, usually 1.0 to 5.0%" in bars[0]
        assert "9 of 90" in bars[0]
        assert "usually" not in bars[2].partition("</div>")[0]

    def test_an_incident_is_a_line_with_area_hours_rides_and_cause(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("delete from incidents")
        day.execute(
            "insert into incidents by name select '2023-05-01'::date as ride_date, * from (values "
            "('a', 'Govan', '2023-05-01 17:00'::timestamp, null, 'closure', 'Tunnel closed. Use "
            "the bridge.', 'item', 40, 3, 65.0), "
            "('b', null, '2023-05-01 22:00', '2023-05-02 00:00', 'other', 'an unusual number of "
            "anomalous rides', null, 9, 4, 200.0)) as incidents (incident_id, area, starts_local, "
            "ends_local, category, what, item_id, rides, anomalous_rides, minutes_lost)"
        )
        day.execute(
            "update anomalous_rides set incident_id = 'a' where record_number = "
            "(select max(record_number) from anomalous_rides)"
        )
        page = page_of(day)
        lines = [line for line in page.splitlines() if line.startswith("<li><strong>")]
        assert "Area not said, 22:00 to 2 May 00:00</strong>: No bulletin" in lines[0]
        assert "4 of 9 rides anomalous, 3 h 20 min lost." in lines[0]
        assert "Govan, from 17:00</strong>: Closure: Tunnel closed. 3 of 40 rides" in lines[1]
        assert 'href="#incident-2"' in lines[1]
        assert 'id="incident-2"' in page
        assert 'href="#incident-1"' not in page

    def test_only_what_may_change_the_verdict_stands_beside_it(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "update daily_reports set warnings = ['no news in the lake', 'fewer rides than usual: "
            "9', 'too few rides to judge: 9'], caveats = ['fewer rides than usual: 9', 'too few "
            "rides to judge: 9'], verdict = 'too few rides'"
        )
        page = page_of(day)
        above, _, footer = page.partition("<footer")
        assert above.count("Fewer rides than usual: 9.") == 1
        assert above.count("Too few rides to judge") == 1
        assert "No news in the lake." not in above
        for words in ("No news in the lake.", "could not be used", "No language model was used"):
            assert words in footer
        assert "Fewer rides than usual" not in footer


class TestHours:
    @pytest.mark.parametrize(
        ("date", "hours", "labels", "words"),
        [
            ("2023-10-29", 25, ["00:00", "01:00", "01:00 again", "02:00"], "went back"),
            ("2023-03-26", 23, ["00:00", "02:00", "03:00"], "went forward"),
            ("2023-05-01", 24, ["00:00", "01:00"], ""),
        ],
    )
    def test_a_day_has_the_hours_that_the_clocks_gave_it(
        self,
        day: duckdb.DuckDBPyConnection,
        date: str,
        hours: int,
        labels: list[str],
        words: str,
    ) -> None:
        day.execute("delete from stg_lake__traffic; delete from weather_hours")
        day.execute(
            f"update rides set ride_date = '{date}', pickup_at = "
            f"timezone('Europe/London', '{date}'::timestamp) + to_minutes(90)"
        )
        day.execute(
            "insert into stg_lake__traffic (record_number, started_at, text) select 1, "
            f"timezone('Europe/London', '{date}'::timestamp) + to_minutes(150), 'Bridge closed.'"
        )
        read = read_hours(day, datetime.date.fromisoformat(date), "Europe/London")
        assert len(read.hours) == hours
        assert [hour.label for hour in read.hours[: len(labels)]] == labels
        assert read.hours[-1].label == "23:00"
        assert words in read.change_of_clocks
        assert [place for place, hour in enumerate(read.hours) if hour.rides] == [1]
        assert [place for place, hour in enumerate(read.hours) if hour.bulletins] == [2]
        assert [place for place, hour in enumerate(read.hours) if hour.traffic] == [
            *range(2, hours)
        ]

    def test_each_kind_has_bars_of_its_own_and_each_hour_its_figures(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        hours = read_hours(day, DATE, "Europe/London")
        chart = hours_chart(hours)
        kinds = {kind for hour in hours.hours for kind in hour.kinds}
        assert {panel["name"] for panel in chart["panels"]} == {"all rides", *kinds}
        for panel in chart["panels"][1:]:
            tall = [hour.kinds.get(panel["name"], 0) for hour in hours.hours]
            assert len(panel["bars"]) == sum(number > 0 for number in tall)
        busiest = max(hours.hours, key=lambda hour: hour.anomalous)
        (told,) = [
            column["title"]
            for column in chart["columns"]
            if column["title"].startswith(busiest.label)
        ]
        assert f"{busiest.rides} rides, {busiest.anomalous} anomalous (" in told


class TestHistory:
    @pytest.mark.parametrize(
        ("usual", "words"),
        [
            ("0, null, null, null, 0, 0", "holds no ride of the 28 days before to compare with."),
            ("1, null, 0.03, 0.03, 0, 1", "holds only 1 day of the 28 days before: 3.0%."),
            ("2, null, 0.01, 0.03, 1, 1", "only 2 days of the 28 days before: 1.0% to 3.0%."),
            ("9, 0.01, 0.001, 0.015, 9, 0", "under 1.0%: this day had more than any of them."),
            ("10, 0.03, 0.01, 0.03, 1, 9", "On 10 days of the 28 days before it was 1.0% to 3.0%"),
            ("10, 0.03, 0.01, 0.03, 1, 9", "this day had fewer than 9 of them."),
            ("7, 0.02, 0.01, 0.03, 3, 3", "half of them under 2.0%: this day was as usual."),
            ("null, null, null, null, null, null", ""),  # of a version that did not compare
        ],
    )
    def test_the_day_is_compared_with_the_days_before_it(
        self, day: duckdb.DuckDBPyConnection, usual: str, words: str
    ) -> None:
        day.execute(
            "update daily_reports set (usual_days_built, usual_share, lowest_share, highest_share, "
            f"days_with_lower_share, days_with_higher_share) = ({usual})"
        )
        told = comparison(read_facts(day, DATE))
        assert words in told
        assert bool(told) == bool(words)

    @pytest.mark.parametrize(
        ("usual_rides", "words"),
        [
            ("null", ""),
            ("398.5", "That is as many rides as usual (median 398)."),
            ("800", "That is 50% fewer rides than usual (median 800)."),
            ("320", "That is 25% more rides than usual (median 320)."),
        ],
    )
    def test_the_number_of_rides_is_told_from_the_usual_one(
        self, day: duckdb.DuckDBPyConnection, usual_rides: str, words: str
    ) -> None:
        day.execute(f"update daily_reports set usual_rides = {usual_rides}")
        assert volume(read_facts(day, DATE)) == words

    def test_the_trend_is_drawn_from_the_second_day_on(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "insert into daily_reports by name select * replace (ride_date - 1 as ride_date) "
            "from daily_reports"
        )
        page = page_of(day)
        assert 'id="weeks-svg"' in page
        assert 'data-day="20230430"' in page

    def test_the_course_has_the_usual_range_of_each_day_and_marks_the_weekday(self) -> None:
        history = [
            {
                "ride_date": DATE - datetime.timedelta(days=days_before),
                "rides": 0 if days_before == 2 else 100 + days_before,
                "anomalous_share": None if days_before == 2 else 0.01 + days_before / 1000,
                "usual_share_low": 0.008 if days_before < 4 else None,
                "usual_share_high": 0.015 if days_before < 4 else None,
            }
            for days_before in range(9, -1, -1)
        ]
        chart = weeks_chart(history, DATE)
        assert chart is not None
        assert len(chart["days"]) == 10
        assert len(chart["line"].split()) == 9
        assert len(chart["bands"]) == 1
        assert len(chart["bands"][0].split()) == 2 * (4 + 2)
        assert [day["name"] for day in chart["days"] if day["is_its_weekday"]] == [
            "20230424",
            "20230501",
        ]
        assert chart["days"][-1]["title"] == (
            "Monday 1 May 2023: 1.0% of 100 rides, usually 0.8 to 1.5%."
        )
        assert chart["days"][-3]["title"] == "Saturday 29 April 2023: no rides."
        for day in chart["days"]:
            assert 0 <= day["x"] <= 480
            assert day["y"] is None or 0 < day["y"] < chart["foot"]


class TestSize:
    def test_many_anomalies_stay_a_small_page_with_a_mark_for_each_place(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        for table, condition in (("rides", "is_anomaly"), ("anomalous_rides", "true")):
            day.execute(
                f"insert into {table} by name select {table}.* replace ("
                "ride_id || '-' || n as ride_id, ride_dist * (1 + n / 4000) as ride_dist, "
                "ride_time * (1 + n % 63 / 63) as ride_time) "
                f"from {table}, range(1, 4001) as copies(n) where {condition}"
            )
        day.execute("update daily_reports set anomalous_rides = 32008, rides = 32400")
        page = page_of(day)
        assert len(page.encode()) <= LARGEST_PAGE
        assert 500 < page.count("<use xlink:href") <= MARKS + 200
        assert f"These are the {MOST_RIDES:,} most extreme of 32,008." in page
        assert page.count('<tr id="r') == MOST_RIDES

    def test_an_incident_has_its_place_in_the_table_of_a_day_of_many_anomalies(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "insert into anomalous_rides by name select anomalous_rides.* replace ("
            "ride_id || '-' || n as ride_id, 50 as distance_from_normal) "
            "from anomalous_rides, range(1, 201) as copies(n)"
        )
        day.execute("update anomalous_rides set incident_id = 'a' where distance_from_normal < 50")
        day.execute("delete from incidents")
        day.execute(
            "insert into incidents by name select '2023-05-01'::date as ride_date, 'a' as "
            "incident_id, 'Govan' as area, 'Tunnel closed.' as what, 'closure' as category, "
            "'item' as item_id, 9 as rides, 8 as anomalous_rides, 60.0 as minutes_lost"
        )
        day.execute("update daily_reports set anomalous_rides = 1608")
        page = page_of(day)
        assert page.count('<tr id="r') == MOST_RIDES
        group = page.partition('id="incident-1"')[2].partition("</tbody>")[0]
        assert 0 < group.count('<tr id="r') <= 3
        assert 'href="#incident-1"' in page

    def test_long_texts_make_the_table_shorter_and_the_page_not_larger(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "insert into anomalous_rides by name select anomalous_rides.* replace "
            "(ride_id || '-' || n as ride_id, "
            "ride_id || n || repeat(' A long story.', 300) as summary) "
            "from anomalous_rides, range(1, 200) as copies(n)"
        )
        day.execute("update daily_reports set anomalous_rides = 1600")
        page = page_of(day)
        assert len(page.encode()) <= LARGEST_PAGE
        assert 50 < page.count('<tr id="r') < MOST_RIDES

    def test_long_ids_and_long_stories_of_marks_make_the_page_not_larger(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute(
            "insert into anomalous_rides by name select anomalous_rides.* replace ("
            "record_number + 1000 * n as record_number, "
            "ride_dist * (1 + n / 60) as ride_dist, ride_time * (1 + n % 63 / 63) as ride_time, "
            "ride_id || repeat('0123456789', 2000) || n as ride_id, "
            "repeat('Old Town ', 100) as area, "
            "ride_id || n || repeat(' A long story.', 300) as summary) "
            "from anomalous_rides, range(1, 401) as copies(n)"
        )
        day.execute(
            "insert into stg_lake__ride_records by name select * exclude n "
            "replace (record_number + 1000 * n as record_number) "
            "from stg_lake__ride_records, range(1, 401) as copies(n)"
        )
        day.execute("update weather_hours set text = repeat('It rains. ', 1000000)")
        day.execute(
            "insert into stg_lake__traffic (record_number, text) "
            "select 1000 + n, repeat('It rains. ', 10000) from range(100) as texts(n)"
        )
        page = page_of(day)
        assert len(page.encode()) <= LARGEST_PAGE
        assert page.count("<use xlink:href") > 1000
        stories = json.loads(page.partition('id="marks">')[2].partition("</script>")[0])
        told = [story for kind in stories["kinds"].values() for story in kind]
        assert 100 < sum(story != 0 for story in told) < len(told)
        assert 50 < page.count('<tr id="r') < MOST_RIDES


class TestFiles:
    def test_pages_replace_earlier_ones_whole_and_leave_nothing_else(
        self, day: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "report_20230501.html.unfinished").write_text("left by a build that was killed")
        (folder / "report_20230501.html").write_text("old")
        (folder / "report_20230430.html").write_text("of another day")
        written = write_report(
            day, SCHEMAS, [str(folder)], str(folder), DATE, "Glasgow", "Europe/London", eps=0.3
        )
        assert {file.name for file in folder.iterdir()} == {
            "report_20230430.html",
            "report_20230501.html",
            "report_index.html",
        }
        assert (folder / "report_20230430.html").read_text() == "of another day"
        assert written["bytes"].tolist() == [
            (folder / name).stat().st_size for name in ("report_20230501.html", "report_index.html")
        ]

    def test_a_page_that_cannot_be_written_leaves_the_earlier_one(self, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text("old")
        (tmp_path / "page.html.unfinished").mkdir()
        with pytest.raises(OSError, match="unfinished"):
            write_page(str(tmp_path), "page.html", "new")
        assert (tmp_path / "page.html").read_text() == "old"


class TestWords:
    @pytest.mark.parametrize(
        ("hours", "words"),
        [(0.001, "4 s"), (0.4, "24 min"), (0.9999, "1 h"), (7.1, "7 h 6 min"), (24, "24 h")],
    )
    def test_durations(self, hours: float, words: str) -> None:
        assert duration(hours) == words

    @pytest.mark.parametrize(
        ("distance", "words"), [(0, "0 miles"), (0.68, "0.68 miles"), (4.52, "4.5 miles")]
    )
    def test_distances(self, distance: float, words: str) -> None:
        assert miles(distance) == words

    def test_a_small_share_is_not_called_none(self) -> None:
        assert [share(part) for part in (0, 0.00001, 0.0196, 1, None)] == [
            "0.0%",
            "0.001%",
            "2.0%",
            "100.0%",
            "-",
        ]


def send(build: Build, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an environment with no settings but these."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SMTP", "REPORT"))
    }
    return subprocess.run(
        [sys.executable, "-m", "dbt_project.send_report", "20230501"],
        cwd=ROOT,
        env={**inherited, "WAREHOUSE_DIR": str(build.warehouse), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


WRITER = {"REPORT_FROM": "taxis@example.com", "REPORT_TO": "ann@example.com, bob@example.com"}


class TestMail:
    def test_it_is_off_until_a_server_is_named(self, embedded_day: Build) -> None:
        sent = send(embedded_day, **WRITER)
        assert sent.returncode == 0
        assert sent.stdout == "No e-mail: SMTP_HOST is not set.\n"

    def test_the_summary_is_inline_and_the_page_attached(self, embedded_day: Build) -> None:
        mailbox = Mailbox()
        with mail_server(mailbox) as port:
            sent = send(embedded_day, SMTP_HOST="127.0.0.1", SMTP_PORT=port, **WRITER)
        assert sent.returncode == 0, sent.stderr
        (message,) = mailbox.received
        assert message["Subject"] == (
            "Taxi rides, Monday 1 May 2023: 8 of 400 rides were anomalous (2.0%)."
        )
        assert (message["From"], message["To"]) == (WRITER["REPORT_FROM"], WRITER["REPORT_TO"])
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None
            assert "8 of 400 rides were anomalous (2.0%)." in body.get_content()
            assert "1.2 miles in 12 h 19 min" in body.get_content()
        (page,) = message.iter_attachments()
        assert page.get_filename() == "report_20230501.html"
        content = page.get_payload(decode=True)
        assert content == (embedded_day.warehouse / "report_20230501.html").read_bytes()

    def test_a_line_break_in_the_worst_area_is_none_in_the_subject(
        self, day: duckdb.DuckDBPyConnection
    ) -> None:
        day.execute("update area_days set stands_out = true, times_city = 4")
        day.execute("update area_days set area = e'Govan\\r\\nBcc: eve@example.com' || area")
        message = EmailMessage()
        message["Subject"] = subject("Taxi rides", headline(read_facts(day, DATE)))
        assert "Worst in Govan Bcc: eve@example.com" in message["Subject"]
        assert message["Bcc"] is None

    def test_a_server_that_is_down_is_one_line_and_touches_nothing(
        self, embedded_day: Build
    ) -> None:
        with mail_server(Mailbox()) as port:
            pass
        files = {file: file.read_bytes() for file in embedded_day.warehouse.iterdir()}
        sent = send(embedded_day, SMTP_HOST="127.0.0.1", SMTP_PORT=port, **WRITER)
        assert sent.returncode == 1
        assert sent.stderr.startswith(f"Error: the mail server 127.0.0.1:{port} did not take it: ")
        assert len(sent.stderr.splitlines()) == 1
        assert files == {file: file.read_bytes() for file in embedded_day.warehouse.iterdir()}

    def test_a_password_is_told_to_nobody_in_the_clear(self, embedded_day: Build) -> None:
        mailbox = Mailbox()
        secret = {"SMTP_USER": "taxis", "SMTP_PASSWORD": "secret-of-the-test"}
        with mail_server(mailbox, host="127.0.0.2") as port:
            sent = send(embedded_day, SMTP_HOST="127.0.0.2", SMTP_PORT=port, **WRITER, **secret)
        assert sent.returncode == 1
        assert "offers no encryption" in sent.stderr
        assert "secret-of-the-test" not in sent.stdout + sent.stderr
        assert mailbox.received == []

    @pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
    @pytest.mark.parametrize(("password", "code"), [("right", 0), ("wrong", 1)])
    def test_a_user_logs_in(self, embedded_day: Build, password: str, code: int) -> None:
        mailbox = Mailbox()

        def authenticate(*arguments: Any) -> AuthResult:
            *_, given = arguments
            return AuthResult(success=given.password == b"right", handled=False)

        with mail_server(
            mailbox,
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=False,
        ) as port:
            sent = send(
                embedded_day,
                SMTP_HOST="127.0.0.1",
                SMTP_PORT=port,
                SMTP_USER="taxis",
                SMTP_PASSWORD=password,
                **WRITER,
            )
        assert sent.returncode == code, sent.stderr
        assert len(mailbox.received) == 1 - code

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"REPORT_TO": ""}, "SMTP_HOST is set, but not REPORT_TO, an e-mail address"),
            ({"SMTP_PORT": "smtp"}, "SMTP_PORT must be a whole number from 1, not 'smtp'"),
            ({"WAREHOUSE_DIR": "nowhere"}, "nowhere/report_20230501.html is not there"),
        ],
    )
    def test_a_mistake_in_the_settings_is_told_in_words(
        self, embedded_day: Build, environment: dict[str, str], words: str
    ) -> None:
        sent = send(embedded_day, SMTP_HOST="127.0.0.1", **{**WRITER, **environment})
        assert sent.returncode == 1
        assert sent.stderr.startswith(f"Error: {words}")
        assert len(sent.stderr.splitlines()) == 1


class Channel(BaseHTTPRequestHandler):
    """Answers as the webhook of a channel does, and keeps what was posted."""

    status = 200
    received: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.received.append(json.loads(self.rfile.read(length)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def channel() -> Iterator[ThreadingHTTPServer]:
    Channel.received.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Channel) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestCard:
    def test_slack_gets_blocks_within_its_limits_and_a_button_to_the_page(
        self, embedded_day: Build, channel: ThreadingHTTPServer
    ) -> None:
        sent = send(
            embedded_day,
            REPORT_WEBHOOK_URL=f"http://127.0.0.1:{channel.server_port}/services/secret",
            REPORT_URL="https://reports.example.com/glasgow/",
        )
        assert sent.returncode == 0, sent.stderr
        assert sent.stdout == "Posted the report of 2023-05-01 as a card of slack.\n"
        (card,) = Channel.received
        assert card["text"] == (
            "Taxi rides, Monday 1 May 2023: 8 of 400 rides were anomalous (2.0%)."
        )
        kinds = [block["type"] for block in card["blocks"]]
        assert kinds == ["header", "section", "section", "section", "actions"]
        assert card["blocks"][1]["text"]["text"] == "8 of 400 rides were anomalous (2.0%)."
        (button,) = card["blocks"][-1]["elements"]
        assert button["url"] == "https://reports.example.com/glasgow/report_20230501.html"

    def test_teams_gets_an_adaptive_card(
        self, embedded_day: Build, channel: ThreadingHTTPServer
    ) -> None:
        sent = send(
            embedded_day,
            REPORT_WEBHOOK_URL=f"http://127.0.0.1:{channel.server_port}/workflows?sig=secret",
            REPORT_WEBHOOK_FORMAT="teams",
        )
        assert sent.returncode == 0, sent.stderr
        (message,) = Channel.received
        (attachment,) = message["attachments"]
        assert message["type"] == "message"
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        content = attachment["content"]
        assert (content["type"], content["version"]) == ("AdaptiveCard", "1.4")
        assert "actions" not in content
        (verdict,) = content["body"][1]["items"]
        assert verdict["inlines"][0]["text"] == "8 of 400 rides were anomalous (2.0%)."

    @pytest.mark.parametrize("form", ["slack", "teams"])
    def test_a_text_from_outside_is_no_mark_up_in_a_card(
        self, day: duckdb.DuckDBPyConnection, form: Format
    ) -> None:
        hostile = "<!channel> [tip](http://evil.example) *bold* " + "x" * 200
        day.execute("update area_days set area = $area where area = 'Southside'", {"area": hostile})
        day.execute("update area_days set stands_out = true, anomalous_rides = 9, times_city = 4")
        day.execute("update daily_reports set verdict = 'far more than usual', times_usual = 3")
        card = render_card(read_facts(day, DATE), "Taxi rides", None, form)
        texts = list(_texts(card))
        assert any("[tip](http://evil.example)" in text for _, text in texts)
        for kind, text in texts:
            if "tip" in text:
                assert kind in ("plain_text", "TextRun", "fallbackText", "text")
            if kind == "text":  # Slack's own mark-up
                assert "<" not in text
            if kind == "plain_text":
                assert len(text) <= 3000

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"REPORT_WEBHOOK_URL": "nowhere"}, "REPORT_WEBHOOK_URL must be the whole address"),
            (
                {"REPORT_WEBHOOK_URL": "http://127.0.0.1:9/secret-of-the-hook"},
                "REPORT_WEBHOOK_URL cannot be reached: URLError",
            ),
            (
                {
                    "REPORT_WEBHOOK_URL": "http://127.0.0.1:9/secret-of-the-hook",
                    "REPORT_WEBHOOK_FORMAT": "pigeon",
                },
                "REPORT_WEBHOOK_FORMAT must be slack or teams, not 'pigeon'",
            ),
        ],
    )
    def test_what_is_wrong_is_told_in_one_line_without_the_address(
        self, embedded_day: Build, environment: dict[str, str], words: str
    ) -> None:
        sent = send(embedded_day, **environment)
        assert sent.returncode == 1
        assert sent.stderr.startswith(f"Error: {words}")
        assert len(sent.stderr.splitlines()) == 1
        assert "secret" not in sent.stderr + sent.stdout

    def test_a_mail_server_that_is_down_holds_back_no_card(
        self, embedded_day: Build, channel: ThreadingHTTPServer
    ) -> None:
        sent = send(
            embedded_day,
            SMTP_HOST="127.0.0.1",
            SMTP_PORT="9",
            **WRITER,
            REPORT_WEBHOOK_URL=f"http://127.0.0.1:{channel.server_port}/services/secret",
        )
        assert sent.returncode == 1
        assert len(Channel.received) == 1
        assert sent.stderr.startswith("Error: the mail server 127.0.0.1:9 did not take it")


def _texts(card: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a card, with what kind of text it is."""
    if isinstance(card, dict):
        for name, value in card.items():
            own = card.get("type", "") if name == "text" and "type" in card else name
            yield from _texts(value, own)
    elif isinstance(card, list):
        for value in card:
            yield from _texts(value, kind)
    elif isinstance(card, str):
        yield kind, card
