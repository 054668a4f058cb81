"""Days that are refused, and odd days that are built: docs/promises.md, by the tests' numbers."""

import datetime
import gzip
import json
import sqlite3
from pathlib import Path

import duckdb
import pytest
from support.workplace import Build, Workplace, hashes, project_with_rule

from dbt_project.lake.check import check_files
from dbt_project.lake.files import FileToRead, list_day
from dbt_project.settings.lake_url import LakeUrl

DATE = "20230501"
NEXT_DATE = "20230502"
RIDES = [{"ride_id": n, "ride_dist": 1 + n % 7, "ride_time": 0.2} for n in range(300)]
ARRAY = json.dumps(RIDES).encode()
LINES = "\n".join(json.dumps(ride) for ride in RIDES).encode()
COMMAS = LINES.replace(b"\n", b",\n")
GZIP = gzip.compress(LINES, mtime=0)
NO_JSON = "Is it JSON, an array or a record a line, in UTF-8?"
# dbt's own tests take half of a build's time, and one of the builds below runs them.

BROKEN = {
    "an empty file": ("json", b" \n", "is empty: a day without rides is written as []"),
    "an empty gzip file": ("json.gz", b"", "is cut off or damaged: it is empty; write it again"),
    "a gzip file cut off": ("json.gz", GZIP[:-300], "is cut off or damaged: its end is missing"),
    "a gzip file with a wrong byte": (
        "json.gz",
        GZIP[:-8] + bytes(4) + GZIP[-4:],
        "is cut off or damaged: incorrect data check; write it again",
    ),
    "no gzip file at all": ("json.gz", LINES, "is no gzip"),
    "UTF-16": ("json", ARRAY.decode().encode("utf-16"), "is in UTF-16: write it in UTF-8"),
    "Latin-1": (
        "json",
        ARRAY.replace(b"0.2", b'"\xe9"'),
        f"invalid UTF-8 encoding in string. {NO_JSON}",
    ),
    "a web page": ("json", b"<html>\n503 Slow Down\n</html>\n", NO_JSON),
}
NO_END = "does not end as one: it is cut off, or something else comes after it; write it again"
# What DuckDB takes for whole, or for a record or two, or says without the name of the file.
TAKEN_FOR_WHOLE = {
    "a gzip file with zeros after its end": ("json.gz", GZIP + bytes(512), "has zeros after its"),
    "a gzip file with zeros in between": ("json.gz", GZIP + bytes(9) + GZIP, "has zeros after its"),
    "a gzip file with something after its end": ("json.gz", GZIP + b"x", "something else after"),
    "a gzip file cut off in a later part": ("json.gz", GZIP + GZIP[:-4], "its end is missing"),
    "a gzip file with a comment": (
        "json.gz",
        b"\x1f\x8b\x08\x10" + GZIP[4:10] + b"by cron\0" + GZIP[10:],
        "a comment or a checksum in its header",
    ),
    "an array cut off after a comma": ("json", ARRAY[: ARRAY.index(b"}") + 2], NO_END),
    "an array cut off after a line": (
        "json",
        b"[\n" + LINES.replace(b"\n", b",\n") + b",\n",
        NO_END,
    ),
    "an array cut off in a record": ("json.gz", gzip.compress(ARRAY[:-20]), NO_END),
    "an array, and lines after it": ("json", ARRAY + b"\n" + LINES, NO_END),
    "an array, and zeros after it": ("json", ARRAY + bytes(512), NO_END),
    "an array that another wraps": (
        "json",
        b'{"data": ' + ARRAY + b"}",
        "in a list within another",
    ),
    "pages of a service": (
        "json",
        b'{"page": 1, "data": ' + ARRAY + b'}\n{"page": 2, "data": ' + ARRAY + b"}\n",
        'in a list within another: {"page": 1, "data": [{"ride_id": 0,',
    ),
    "lines cut off": ("json", LINES[:-20], 'is cut off: its last line is {"ride_id": 299, "rid'),
    "lines cut off in a letter": ("json", LINES[:-4] + b'"\xc3', "is cut off: its last line is"),
    "lines cut off, a gzip": ("json.gz", gzip.compress(LINES[:-20]), "is cut off: its last line"),
    "lines whose end is lost": ("json", LINES[:-40] + bytes(40), "ends in zeros"),
    "a long line cut off": ("json", LINES + b'\n{"track": "' + b"x" * 200_000, "is cut off: its"),
}


@pytest.mark.parametrize("fault", [*BROKEN, *TAKEN_FOR_WHOLE])
def test_faults_07_30_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, fault: str) -> None:
    suffix, content, message = {**BROKEN, **TAKEN_FOR_WHOLE}[fault]
    with pytest.raises(ValueError, match=r"taxi-rides-20230501\.json") as refusal:
        check(tmp_path, {f"taxi-rides-{DATE}.{suffix}": content})
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["taxi-rides", "news", "weather", "traffic"])
def test_fault_30_a_part_is_refused_beside_whole_ones_whatever_its_kind(
    tmp_path: Path, kind: str
) -> None:
    whole = {f"taxi-rides-{DATE}-1.json": LINES, f"{kind}-{DATE}-2.json.gz": GZIP}
    assert len(check(tmp_path, whole)) == 2
    with pytest.raises(ValueError, match=rf"/{kind}-{DATE}-3\.json is cut off"):
        check(tmp_path, {f"{kind}-{DATE}-3.json": LINES[:-20]})


def check(folder: Path, files: dict[str, bytes]) -> list[FileToRead]:
    """Write files into a lake's folder and check them as a build does."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    connection = duckdb.connect()
    lake = LakeUrl.parse(str(folder))
    return check_files(connection, list_day(connection, lake, datetime.date(2023, 5, 1)))


WHOLE = {
    "an array": (ARRAY, "array", 300),
    "an array over lines, with a byte-order mark": (
        b"\xef\xbb\xbf \n" + ARRAY.replace(b"}, ", b"},\n"),
        "array",
        300,
    ),
    "an array of none": (b" [ ]\n", "array", 0),
    "lines": (LINES, "newline_delimited", 300),
    "lines with a byte-order mark": (b"\xef\xbb\xbf" + LINES, "unstructured", 300),
    "lines, the first no JSON": (b"\n\v\nno JSON\n" + LINES, "newline_delimited", 301),
    "lines, the last no JSON": (LINES + b'\n{"ride_id": tru}\n\n', "newline_delimited", 301),
    "lines, the last in Latin-1": (LINES + b'\n{"a": "\xe9"}', "newline_delimited", 301),
    "lines, the first a long one": (
        b'{"track": "' + b"x" * 200_000 + b'"}\n' + LINES,
        "newline_delimited",
        301,
    ),
    "a record over lines": (json.dumps(RIDES[0], indent=2).encode(), "unstructured", 1),
    "records over lines": (
        b"\n".join(json.dumps(ride, indent=1).encode() for ride in RIDES),
        "unstructured",
        300,
    ),
    "records on one line": (LINES.replace(b"\n", b""), "unstructured", 300),
    "a record with a list of others": (
        b'{"ride_id": 1, "stops": [{"at": 1}]}\n',
        "newline_delimited",
        1,
    ),
}


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("form", WHOLE)
def test_every_form_of_a_whole_file_is_read_as_what_it_is(
    tmp_path: Path, form: str, is_gzip: bool
) -> None:
    content, expected, records = WHOLE[form]
    name = f"taxi-rides-{DATE}.json"
    if is_gzip:  # of two members, the first of which has its name
        half = len(content) // 2
        content = (
            b"\x1f\x8b\x08\x08"
            + gzip.compress(content[:half])[4:10]
            + b"x\0"
            + (gzip.compress(content[:half])[10:] + gzip.compress(content[half:]))
        )
        name += ".gz"
    (found,) = check(tmp_path, {name: content})
    assert found == FileToRead("taxi-rides", str(tmp_path / name), expected)
    read = "select count(*) from read_json_objects(?, format = ?, ignore_errors = true)"
    assert duckdb.execute(read, [found.path, found.format]).fetchall() == [(records,)]


def test_fault_07_a_broken_file_stops_the_build_before_anything_is_written(
    workplace: Workplace,
) -> None:
    workplace.lake.mkdir()
    file = workplace.lake / f"taxi-rides-{DATE}.json.gz"
    file.write_bytes(GZIP[:-300])
    build = workplace.build(f"date: {DATE}")
    assert build.completed.returncode != 0
    assert build.last_line.startswith(f"Error: {file} is cut off or damaged: ")
    assert "Traceback" not in build.output
    assert list(workplace.lake.iterdir()) == [file]
    assert not workplace.warehouse.exists()


class TestYesterdaysFilesStay:
    """A build that fails half-way leaves the lake and the published tables as they were."""

    @pytest.fixture
    def yesterday(self, workplace: Workplace, embedded_day: Build) -> Workplace:
        return workplace.fill_with_copy_of(embedded_day)

    def refuse(self, workplace: Workplace, rides: bytes | None = None) -> Build:
        """Build the same day anew, with other rides if there are any; it must fail."""
        if rides is not None:
            (workplace.lake / f"taxi-rides-{DATE}.json").write_bytes(rides)
        published = workplace.warehouse / "taxi.duckdb"
        before = hashes(workplace.lake), published.read_bytes()
        build = workplace.build(f"date: {DATE}", "--exclude-resource-type", "unit_test")
        assert build.completed.returncode != 0
        assert (hashes(workplace.lake), published.read_bytes()) == before
        return build

    def test_fault_07_an_array_with_a_record_that_is_no_json(self, yesterday: Workplace) -> None:
        build = self.refuse(yesterday, ARRAY.replace(b'"ride_id": 299,', b'"ride_id": 299'))
        file = yesterday.lake / f"taxi-rides-{DATE}.json"
        assert f'Malformed JSON in file "{file}"' in build.last_line
        assert "unexpected character" in build.last_line

    def test_fault_30_records_of_another_form_in_a_part_are_the_files_fault(
        self, yesterday: Workplace
    ) -> None:
        part = b"\n".join([LINES, json.dumps(RIDES[:3], indent=1).encode(), LINES])
        (yesterday.lake / f"taxi-rides-{DATE}-2.json").write_bytes(part)
        build = self.refuse(yesterday)
        assert build.last_line == (
            "Error: stg_lake__malformed_lines: taxi-rides-20230501-2.json has an array over "
            "several lines from line 301 on, where others are a record each. Write one array, or a "
            "record a line"
        )
        assert "Traceback" not in build.output

    def test_fault_09_a_column_that_has_another_name_today(self, yesterday: Workplace) -> None:
        build = self.refuse(yesterday, ARRAY.replace(b"ride_dist", b"distance"))
        assert build.last_line == (
            "Error: int_rides_repeated: 300 of 300 records are rejected, and max_rejected_share is "
            "0.5: 300 ride_dist missing (first: record 1)"
        )

    def test_fault_21_a_rule_that_rides_break_names_them(self, yesterday: Workplace) -> None:
        rule = (
            "select ride_id, record_number, ride_dist from {{ ref('rides') }} "
            "where ride_date = {{ ride_date_sql() }} and ride_dist > 20 order by ride_id"
        )
        yesterday.project = project_with_rule(yesterday.folder / "project", rule)
        build = self.refuse(yesterday)
        assert build.last_line == (
            "Error: assert_another_rule: 2 rows break this rule: "
            "ride_id 20230501-00000238, record_number 243, ride_dist 98.04; "
            "ride_id 20230501-00000345, record_number 352, ride_dist 78.94"
        )

    def test_fault_23_a_journal_that_is_no_journal(self, yesterday: Workplace) -> None:
        journal = yesterday.warehouse / "summaries.sqlite"
        journal.write_bytes(b"x" * 5000)
        build = self.refuse(yesterday)
        assert build.last_line == (
            f"Error: {journal} is damaged: move it away, and the answers are taken from the "
            "warehouse (file is not a database)"
        )
        assert "Traceback" not in build.output


@pytest.fixture(scope="module")
def later_build(tmp_path_factory: pytest.TempPathFactory, embedded_day: Build) -> Build:
    workplace = Workplace(tmp_path_factory.mktemp("earlier")).fill_with_copy_of(embedded_day)
    with duckdb.connect(str(workplace.warehouse / "build.duckdb")) as earlier:
        earlier.execute("create schema staging")  # once in the same file
        earlier.execute("create table staging.stg_lake__rides as select 1 as record_number")
        earlier.execute("alter table rides drop column extra_fields")
        earlier.execute("alter table daily_reports drop column budget_summaries")
        earlier.execute(
            "insert into daily_reports by name select reports.* replace "
            "(ride_date - days_before::int as ride_date) from daily_reports as reports "
            "cross join unnest(range(1, 15)) as days (days_before)"
        )
    with sqlite3.connect(workplace.warehouse / "summaries.sqlite") as journal:
        journal.execute("alter table calls drop column latency_seconds")
        journal.execute("alter table calls drop column model_that_answered")
    workplace.simulate(NEXT_DATE, "--rides", "120")
    return workplace.build_day(NEXT_DATE)


class TestEarlierVersion:
    """A warehouse of an earlier version, with two weeks of history, built on by today's."""

    def test_fault_23_columns_that_have_come_since_are_added(self, later_build: Build) -> None:
        days = later_build.query(
            "select ride_date::varchar, rides, budget_summaries from daily_reports "
            "where ride_date >= '2023-05-01' order by all"
        )
        assert days == [("2023-05-01", 400, None), ("2023-05-02", 120, 0)]
        assert later_build.query("select count(*) from rides group by ride_date order by all") == [
            (120,),
            (400,),
        ]
        comment = "select comment from duckdb_columns() where column_name = 'budget_summaries'"
        assert later_build.query(comment) != [(None,)]
        schemas = "select distinct schema_name from duckdb_tables()"
        assert later_build.query(schemas) == [("main",)]

    def test_fault_23_an_earlier_journal_goes_on(self, later_build: Build) -> None:
        with sqlite3.connect(later_build.warehouse / "summaries.sqlite") as journal:
            names = {name for _, name, *_ in journal.execute("pragma table_info(calls)")}
        assert {"latency_seconds", "model_that_answered"} <= names

    def test_a_number_of_rides_outside_of_the_usual_is_warned_of(self, later_build: Build) -> None:
        warning = "fewer rides than usual: 120, where the 15 days before had 400 (median)"
        assert f"Warning    {warning}" in later_build.output
        ((warnings,),) = later_build.query(
            "select warnings from daily_reports where ride_date = '2023-05-02'"
        )
        assert warning in warnings


@pytest.fixture(scope="module")
def odd_days(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("odd"))


class TestOddDays:
    """Days of hardly a ride, and days on which clocks change: one warehouse, a build each."""

    def test_fault_13_a_single_ride_is_judged_by_nobody(self, odd_days: Workplace) -> None:
        odd_days.write("taxi-rides-20240229.json", RIDES[:1])
        build = odd_days.build_day("20240229")
        assert build.export("clustered_data", "20240229") == [RIDES[0] | {"label": -1}]
        assert "Warning    too few rides to judge: 1" in build.output

    def test_faults_12_13_fewer_rides_than_min_samples_are_all_anomalous_whatever_the_clocks(
        self, odd_days: Workplace
    ) -> None:
        # the hour from one to two comes twice on this day
        pickups = ["00:30:00+01:00", "01:30:00+01:00", "01:30:00+00:00", "23:59:00", "01:30:00"]
        rides = [
            ride | {"ride_id": pickup, "pickup_at": f"2023-10-29T{pickup}"}
            for ride, pickup in zip(RIDES, pickups, strict=False)
        ]
        odd_days.write("taxi-rides-20231029.json", rides)
        build = odd_days.build_day("20231029")
        placed = build.query(
            "select ride_id, strftime(pickup_local, '%H:%M'), epoch(pickup_at) - epoch("
            "timestamptz '2023-10-29 00:00:00+01'), label from rides "
            "where ride_date = '2023-10-29' order by record_number"
        )
        assert placed[:4] == [
            ("00:30:00+01:00", "00:30", 1800, -1),
            ("01:30:00+01:00", "01:30", 5400, -1),
            ("01:30:00+00:00", "01:30", 9000, -1),
            ("23:59:00", "23:59", 25 * 3600 - 60, -1),
        ]
        assert placed[4][1:] in [("01:30", 5400, -1), ("01:30", 9000, -1)]
        assert "rides picked up on another day" not in build.output
        summaries = [ride["summary"] for ride in build.export("clustered_summarized", "20231029")]
        assert all(summaries)

    def test_faults_12_13_rides_that_are_all_alike_are_all_normal_and_stay_in_their_day(
        self, odd_days: Workplace
    ) -> None:
        # the hour from one to two does not come on this day; rides start in it all the same
        alike = {"ride_dist": 2, "ride_time": 2.5, "pickup_at": "2023-03-26T01:30:00"}
        late = alike | {"pickup_at": "2023-03-26T23:30:00+01:00"}
        rides = [{"ride_id": n, **(late if n % 2 else alike)} for n in range(60)]
        odd_days.write("taxi-rides-20230326.json", rides)
        build = odd_days.build_day("20230326")
        exported = build.export("clustered_summarized", "20230326")
        assert [ride["label"] for ride in exported] == [0] * 60
        assert {ride["summary"] for ride in exported} == {""}
        day = "where ride_date = '2023-03-26'"
        assert build.query(f"select rides, anomalous_rides from daily_reports {day}") == [(60, 0)]
        assert build.query(f"select count(*) from anomalous_rides {day}") == [(0,)]
        assert build.query(f"select distinct pickup_local::date::varchar from rides {day}") == [
            ("2023-03-26",)
        ]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("{}", "Error: no date given: say which day to build, for example"),
        pytest.param(
            "date: 20230231",
            "Error: date must be a day as YYYYMMDD, not '20230231'",
            marks=pytest.mark.on_request,  # test_run_date.py has all that is no day
        ),
        pytest.param(
            "date: [20230501]",
            "Error: date must be a day as YYYYMMDD, not '[20230501]'",
            marks=pytest.mark.on_request,
        ),
        ('date: "20230501\'; drop table rides; --"', "Error: date must be a day as YYYYMMDD, not"),
        ("date: 20230502", "Error: no rides for 2023-05-02: "),
    ],
)
def test_faults_06_20_a_date_that_cannot_be_built_is_one_line_and_nothing_is_written(
    workplace: Workplace, variables: str, message: str
) -> None:
    workplace.fill_with_embedded_day()
    before = hashes(workplace.lake)
    build = workplace.build(variables)
    assert build.completed.returncode != 0
    assert build.last_line.startswith(message)
    assert "Traceback" not in build.output
    assert hashes(workplace.lake) == before
    assert not workplace.warehouse.exists()
