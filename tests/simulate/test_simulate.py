"""The simulated day: that it is sound, known, and found again by the product's rule."""

import gzip
import json
import math
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler

from dbt_project.simulate.__main__ import main
from dbt_project.simulate.rides import anomalies_of_a_day
from dbt_project.simulate.world import make_world

REPOSITORY = Path(__file__).parents[2]
GLASGOW = ZoneInfo("Europe/London")
INJECTED_KINDS = {"long_distance", "long_time", "stuck_in_traffic", "zero_distance"}

Record = dict[str, Any]


class Day:
    """A simulated day in a folder of its own, and its files read back."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.lake = folder / "lake"
        self.truth_folder = folder / "truth"
        arguments = ["--lake", str(self.lake), "--truth", str(self.truth_folder), *options]
        assert main(arguments) == 0

    def read(self, name: str) -> list[Any]:
        """Return the records of a file, or of its parts, in whatever form they are."""
        records: list[Any] = []
        for path in sorted(self.lake.glob(f"{name}-*.json*")):
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
            is_array = text.startswith("[")
            records += json.loads(text) if is_array else map(json.loads, text.splitlines())
        return records

    @property
    def classes(self) -> dict[str, str]:
        """What the truth file says of each ride that it names."""
        return {row["ride_id"]: row["kind"] for row in self.read_truth("truth")}

    def read_truth(self, name: str) -> list[Record]:
        """Return the records of a file of the truth."""
        (path,) = self.truth_folder.glob(f"{name}-*.json")
        records: list[Record] = json.loads(path.read_text())
        return records

    @property
    def truth(self) -> dict[str, str]:
        """The kind of each injected anomaly, by ride."""
        return {ride: kind for ride, kind in self.classes.items() if kind != "naturally_unusual"}

    @property
    def usable_rides(self) -> list[Record]:
        """The rides that the product keeps."""
        seen: set[object] = {None}
        rides = []
        for ride in self.read("taxi-rides"):
            if fault_of(ride, seen) is None:
                seen.add(ride["ride_id"])
                rides.append(ride)
        return rides


def fault_of(ride: Any, seen: set[object]) -> str | None:
    """Return why a record cannot be used, None if it can."""
    if not isinstance(ride, dict):
        return "no object"
    if ride["ride_id"] is None:
        return "null id"
    if "ride_dist" not in ride:
        return "missing distance"
    if isinstance(ride["ride_dist"], str):
        return "distance as a word"
    if ride["ride_dist"] < 0:
        return "negative distance"
    if ride["ride_dist"] > 1000:
        return "impossible distance"
    if ride["ride_time"] <= 0:
        return "time of zero"
    return "repeated id" if ride["ride_id"] in seen else None


def anomalous_ids(rides: list[Record]) -> set[str]:
    """Return the rides that the product's rule calls anomalous, by scikit-learn."""
    features = [(ride["ride_dist"], ride["ride_time"]) for ride in rides]
    min_samples = max(10, math.ceil(0.002 * len(rides)))
    scaled = StandardScaler().fit_transform(features)
    labels = DBSCAN(eps=0.3, min_samples=min_samples).fit_predict(scaled)
    return {ride["ride_id"] for ride, label in zip(rides, labels, strict=True) if label == -1}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Write the day that the command writes without options."""
    return Day(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Write a day of ten thousand rides."""
    return Day(tmp_path_factory.mktemp("busy"), "--rides", "10000", "--seed", "5")


def test_the_embedded_lake_is_the_day_that_the_command_writes_by_default(embedded: Day) -> None:
    for name in ("taxi-rides", "news", "weather", "traffic"):
        written = embedded.lake / f"{name}-20230501.json"
        assert written.read_bytes() == (REPOSITORY / "lake" / written.name).read_bytes()
    (truth,) = embedded.truth_folder.iterdir()
    assert truth.name == "truth-20230501.json"
    assert truth.read_bytes() == (REPOSITORY / "truth" / truth.name).read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_day(tmp_path: Path) -> None:
    options = ("--date", "20240720", "--rides", "300")
    first, second = (
        Day(tmp_path / name, *options, "--seed", "7", "--gzip") for name in ("one", "two")
    )
    for path in first.lake.iterdir():
        assert path.read_bytes() == (second.lake / path.name).read_bytes()
    other = Day(tmp_path / "other", *options, "--seed", "8")
    for name in ("taxi-rides", "weather", "traffic", "news"):
        assert first.read(name) != other.read(name)


@pytest.mark.parametrize("rides", [1, 10, 401, 50_000, 50_001, 123_456])
def test_the_number_of_rides_is_exact(tmp_path: Path, rides: int) -> None:
    day = Day(tmp_path, "--rides", str(rides), "--bad-records", "0")
    ids = [ride["ride_id"] for ride in day.read("taxi-rides")]
    assert len(ids) == len(set(ids)) == rides
    assert len(day.truth) == anomalies_of_a_day(rides).sum()


def test_bad_records_come_on_top_one_of_each_kind_spread_over_the_day(embedded: Day) -> None:
    seen: set[object] = set()
    faults = []
    places = []
    for place, ride in enumerate(embedded.read("taxi-rides")):
        fault = fault_of(ride, seen)
        if fault is None:
            seen.add(ride["ride_id"])
        else:
            faults.append(fault)
            places.append(place)
            if fault == "repeated id":
                assert ride["ride_id"] not in embedded.truth
    assert len(seen) == 400
    assert len(faults) == len(set(faults)) == 8
    gaps = [after - before for before, after in pairwise([0, *places, 408])]
    assert min(gaps) > 400 / 12


@pytest.mark.parametrize(("asked", "expected"), [("0", 0), ("20", 20), ("0.1", 100)])
def test_bad_records_are_as_many_as_asked(tmp_path: Path, asked: str, expected: int) -> None:
    day = Day(tmp_path, "--rides", "1000", "--bad-records", asked)
    assert len(day.read("taxi-rides")) == 1000 + expected
    assert len(day.usable_rides) == 1000


def test_the_truth_names_rides_of_the_four_kinds_in_equal_numbers(embedded: Day, busy: Day) -> None:
    for day, of_each_kind in ((embedded, {2}), (busy, {12, 13})):
        assert day.truth.keys() <= {ride["ride_id"] for ride in day.usable_rides}
        counts = Counter(day.truth.values())
        assert counts.keys() == INJECTED_KINDS
        assert set(counts.values()) == of_each_kind


def test_rides_that_are_unusual_by_themselves_are_a_class_of_their_own(busy: Day) -> None:
    rides = {ride["ride_id"]: ride for ride in busy.usable_rides}
    unusual = busy.classes.keys() - busy.truth.keys()
    assert 50 < len(unusual) < 150
    for ride in unusual:
        assert 0 < rides[ride]["ride_dist"] < 21.01
        assert rides[ride]["ride_dist"] > 8.99 or rides[ride]["ride_time"] > 0.25
    flagged = anomalous_ids(busy.usable_rides)
    assert len(flagged & busy.classes.keys()) > 0.95 * len(flagged)


def test_the_share_of_anomalies_can_be_chosen(tmp_path: Path) -> None:
    assert len(Day(tmp_path, "--rides", "1000", "--anomaly-share", "0.04").truth) == 40
    assert len(Day(tmp_path, "--rides", "50001", "--anomaly-share", "0.5").truth) == 25_000
    assert Day(tmp_path, "--anomaly-share", "0").truth == {}


def test_anomalies_are_what_their_kind_says(busy: Day) -> None:
    truth = busy.truth
    rides = {ride["ride_id"]: ride for ride in busy.usable_rides}
    normal_miles = sorted(
        ride["ride_dist"] for ride_id, ride in rides.items() if ride_id not in truth
    )
    usual_miles = normal_miles[int(0.99 * len(normal_miles))]
    for ride_id, kind in truth.items():
        miles, hours = rides[ride_id]["ride_dist"], rides[ride_id]["ride_time"]
        if kind == "long_distance":
            assert miles > 2 * usual_miles
        elif kind == "zero_distance":
            assert miles == 0
            assert hours > 1
        else:
            assert 0 < miles < usual_miles
            assert hours > 1.5


def test_most_rides_are_short_and_a_second_lump_goes_to_the_airport(busy: Day) -> None:
    miles = [ride["ride_dist"] for ride in busy.usable_rides]
    assert sum(0.5 <= each <= 8 for each in miles) > 0.8 * len(miles)
    assert 0.05 * len(miles) < sum(8 < each <= 13 for each in miles) < 0.2 * len(miles)


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_rule_finds_all_anomalies_of_a_small_day(tmp_path: Path, seed: int) -> None:
    day = Day(tmp_path, "--seed", str(seed), "--date", f"202305{seed:02d}")
    flagged = anomalous_ids(day.usable_rides)
    assert flagged >= day.truth.keys()
    assert len(flagged) <= 0.05 * 400


def test_the_rule_finds_the_anomalies_of_ten_thousand_rides(busy: Day) -> None:
    flagged = anomalous_ids(busy.usable_rides)
    assert len(flagged & busy.truth.keys()) >= 0.95 * len(busy.truth)
    assert 0.005 <= len(flagged) / 10_000 <= 0.03


@pytest.mark.parametrize(
    "options",
    [
        ["--format", "ndjson"],
        ["--gzip"],
        ["--parts", "3"],
        ["--parts", "408"],
        ["--format", "ndjson", "--gzip", "--parts", "2"],
    ],
    ids=" ".join,
)
def test_every_form_holds_the_same_records(
    tmp_path: Path, embedded: Day, options: list[str]
) -> None:
    day = Day(tmp_path, *options)
    for name in ("taxi-rides", "news", "weather", "traffic"):
        assert day.read(name) == embedded.read(name)
    assert day.truth == embedded.truth


def test_parts_are_numbered_files_of_about_equal_length(tmp_path: Path) -> None:
    lake = Day(tmp_path, "--parts", "3").lake
    parts = sorted(path.name for path in lake.glob("taxi-rides-*"))
    assert parts == [f"taxi-rides-20230501-000{number}.json" for number in (1, 2, 3)]
    assert [len(json.loads((lake / part).read_text())) for part in parts] == [136, 136, 136]


def test_a_file_has_one_record_per_line(embedded: Day) -> None:
    lines = (embedded.lake / "taxi-rides-20230501.json").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    assert [json.loads(line.rstrip(",")) for line in lines[1:-1]] == embedded.read("taxi-rides")


def test_another_form_replaces_the_day_and_leaves_other_files_alone(tmp_path: Path) -> None:
    day = Day(tmp_path, "--parts", "2", "--gzip")
    others = ["taxi-rides-20230502.json", "news-20230502.json.gz", "clustered_data_20230501.json"]
    for name in others:
        (day.lake / name).write_text("kept")
    Day(tmp_path, "--historical")
    assert {path.name for path in day.lake.iterdir()} == {"taxi-rides-20230501.json", *others}


def test_the_historical_format_has_three_texts_on_every_ride(tmp_path: Path, embedded: Day) -> None:
    day = Day(tmp_path, "--historical")
    for old, new in zip(day.usable_rides, embedded.usable_rides, strict=True):
        assert {**new, **old}.keys() - new.keys() == {"news", "weather", "traffic"}
        assert new.keys() - old.keys() == {"pickup_at"}
        assert (old["ride_id"], old["ride_time"]) == (new["ride_id"], new["ride_time"])
        assert old["weather"]
    bulletins = [bulletin["text"] for bulletin in embedded.read("traffic")]
    for ride in day.usable_rides:
        if day.truth.get(ride["ride_id"]) == "stuck_in_traffic":
            assert any(text in ride["traffic"] for text in bulletins)


@pytest.fixture(scope="module")
def with_incidents(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Write the busy day with incidents."""
    options = ("--rides", "10000", "--seed", "5", "--incidents", "3")
    return Day(tmp_path_factory.mktemp("incidents"), *options)


def test_incidents_change_nothing_but_their_bulletins_and_the_rides_that_they_delay(
    busy: Day, with_incidents: Day
) -> None:
    for name in ("news", "weather"):
        assert with_incidents.read(name) == busy.read(name)
    planted = [row["text"] for row in with_incidents.read_truth("incidents")]
    others = [row for row in with_incidents.read("traffic") if row["text"] not in planted]
    assert others == busy.read("traffic")
    assert len(planted) == 3
    delays = []
    for before, after in zip(busy.usable_rides, with_incidents.usable_rides, strict=True):
        if with_incidents.classes.get(after["ride_id"]) == "delayed_by_incident":
            delays.append(after["ride_time"] / before["ride_time"])
            before["ride_time"] = after["ride_time"]
        assert before == after
    assert 2.99 < min(delays) < max(delays) < 8.01


def test_an_incident_delays_about_half_of_the_rides_of_its_area_and_hours(
    with_incidents: Day,
) -> None:
    delayed = {
        row["ride_id"]: row["incident"]
        for row in with_incidents.read_truth("truth")
        if row["kind"] == "delayed_by_incident"
    }
    bulletins = [
        [bulletin["text"], bulletin["area"], bulletin["started_at"], bulletin["ended_at"]]
        for bulletin in with_incidents.read("traffic")
        if "area" in bulletin
    ]
    for incident in with_incidents.read_truth("incidents"):
        names = ("text", "area", "starts_at", "ends_at")
        assert [incident[name] for name in names] in bulletins
        there_and_then = {
            ride["ride_id"]
            for ride in with_incidents.usable_rides
            if ride["area"] == incident["area"]
            and incident["starts_at"] <= ride["pickup_at"] < incident["ends_at"]
        }
        its_rides = {ride for ride, name in delayed.items() if name == incident["incident"]}
        assert its_rides < there_and_then
        assert 0.3 < len(its_rides) / len(there_and_then) < 0.6
    assert set(delayed.values()) == {f"20230501-incident-{number}" for number in (1, 2, 3)}


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_rule_finds_the_rides_that_incidents_delay_on_a_small_day(
    tmp_path: Path, seed: str
) -> None:
    day = Day(tmp_path, "--seed", seed, "--incidents", "2")
    delayed = {ride for ride, kind in day.truth.items() if kind == "delayed_by_incident"}
    assert delayed
    assert day.truth.keys() <= anomalous_ids(day.usable_rides)


def test_rides_that_an_incident_delays_carry_its_bulletin_in_the_historical_format(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path, "--historical", "--rides", "2000", "--incidents", "2")
    text_of = {row["incident"]: row["text"] for row in day.read_truth("incidents")}
    traffic = {ride["ride_id"]: ride["traffic"] for ride in day.usable_rides}
    delayed = [row for row in day.read_truth("truth") if row["kind"] == "delayed_by_incident"]
    assert delayed
    assert all(text_of[row["incident"]] in traffic[row["ride_id"]] for row in delayed)


def test_the_list_of_incidents_goes_with_the_incidents(tmp_path: Path) -> None:
    day = Day(tmp_path, "--incidents", "6")
    assert len(day.read_truth("incidents")) == 6
    Day(tmp_path)
    assert [path.name for path in day.truth_folder.iterdir()] == ["truth-20230501.json"]


@pytest.mark.parametrize(
    ("name", "hours"),
    [("20230501", 24), ("20230326", 23), ("20231029", 25), ("20240229", 24)],
    ids=["ordinary day", "clocks go forward", "clocks go back", "29 February"],
)
def test_weather_is_hourly_and_pickups_are_within_the_local_day(
    tmp_path: Path, name: str, hours: int
) -> None:
    day = Day(tmp_path, "--date", name, "--rides", "2000")
    observed = [datetime.fromisoformat(hour["observed_at"]) for hour in day.read("weather")]
    assert len(observed) == hours
    assert observed[0].strftime("%Y%m%d %H:%M") == f"{name} 00:00"
    steps = {after - before for before, after in pairwise(observed)}
    assert steps == {timedelta(hours=1)}
    pickups = [datetime.fromisoformat(ride["pickup_at"]) for ride in day.usable_rides]
    assert {pickup.strftime("%Y%m%d") for pickup in pickups} == {name}
    assert all(pickup.utcoffset() == pickup.astimezone(GLASGOW).utcoffset() for pickup in pickups)
    hour_of = Counter(int((pickup - pickups[0]) / timedelta(hours=1)) for pickup in pickups)
    assert len(hour_of) == hours


def test_a_ride_is_stuck_where_and_while_a_bulletin_says_so(embedded: Day, busy: Day) -> None:
    for day in (embedded, busy):
        bulletins = day.read("traffic")
        stuck = [
            ride
            for ride in day.usable_rides
            if day.truth.get(ride["ride_id"]) == "stuck_in_traffic"
        ]
        assert stuck
        for ride in stuck:
            pickup = datetime.fromisoformat(ride["pickup_at"])
            assert any(
                bulletin.get("area") == ride["area"]
                and datetime.fromisoformat(bulletin["started_at"])
                <= pickup
                < datetime.fromisoformat(bulletin["ended_at"])
                for bulletin in bulletins
            )


def test_rides_come_in_order_of_pickup(busy: Day) -> None:
    pickups = [ride["pickup_at"] for ride in busy.usable_rides]
    assert pickups == sorted(pickups)


def test_every_day_of_a_year_has_its_weather_bulletins_and_news() -> None:
    for number in range(366):
        day = date(2024, 1, 1) + timedelta(days=number)
        world = make_world(day, seed=number)
        assert len(world.weather) == world.day.hours
        assert 8 <= len(world.bulletins) <= 12
        assert 8 <= len(world.news) <= 10
        assert all(0 <= item.second < world.day.seconds for item in world.news)
        assert all(0 <= bulletin.start < world.day.seconds for bulletin in world.bulletins)
        assert "{" not in "".join(bulletin.text for bulletin in world.bulletins)
        planted = make_world(day, seed=number, incidents=6).incidents
        closed = {bulletin.area for bulletin in world.bulletins if bulletin.is_closure}
        assert len({bulletin.area for bulletin in planted} - closed) == 6


def test_flooding_is_reported_only_when_it_rains_hard() -> None:
    flooded = 0
    for seed in range(60):
        world = make_world(date(2023, 11, 8), seed)
        for bulletin in world.bulletins:
            if "Flooding" in bulletin.text or "Surface water" in bulletin.text:
                flooded += 1
                assert world.weather[bulletin.start // 3600].rain == 3
    assert flooded


def test_memory_does_not_grow_with_the_number_of_rides(tmp_path: Path) -> None:
    def peak(rides: int) -> int:
        tracemalloc.start()
        Day(tmp_path, "--rides", str(rides))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # Two chunks are the most that is held at a time.
    assert peak(200_000) < 1.25 * peak(100_000)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--date", "20230230"], "'20230230' is not a date; write it as YYYYMMDD"),
        (["--date", "1 May"], "'1 May' is not a date"),
        (["--rides", "many"], "'many' is not a whole number"),
        (["--rides", "0"], "must be 1 or more"),
        (["--seed", "-1"], "--seed"),
        (["--parts", "500"], "500 parts for 408 records"),
        (["--bad-records", "500"], "500 are more than the 400 rides"),
        (["--anomaly-share", "0.9"], "'0.9' is not a share from 0 to 0.5"),
        (["--incidents", "7"], "7 are more than a day has areas to spare for"),
        (["--lake", "s3://bucket"], "'s3://bucket' is not a folder"),
        (["--truth", "lake"], "must not be in the lake"),
        (["--lake", "a-file"], "nothing written"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
    ids=" ".join,
)
def test_a_wrong_argument_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").touch()
    try:
        status: object = main(options)
    except SystemExit as stopped:
        status = stopped.code
    assert status not in (0, None)
    printed = capsys.readouterr()
    assert not printed.out
    assert len(printed.err.splitlines()) == 1
    assert said in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_a_day_that_fails_half_way_leaves_the_lake_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Day(tmp_path)
    before = {path.name: path.read_bytes() for path in day.lake.iterdir()}

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("dbt_project.simulate.records.RideLines.truth", fail)
    lake, truth = str(day.lake), str(day.truth_folder)
    assert main(["--seed", "2", "--lake", lake, "--truth", truth]) == 1
    assert {path.name: path.read_bytes() for path in day.lake.iterdir()} == before


def test_the_command_runs_and_explains_its_options(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dbt_project.simulate"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(
        [*command, "--rides", "50"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "50 rides, 5 of them anomalies, and 8 bad records" in run.stdout
    assert len(list((tmp_path / "lake").iterdir())) == 4
    explained = subprocess.run(
        [*command, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True
    ).stdout
    for option in ("--date", "--rides", "--seed", "--format", "--gzip", "--parts", "--historical"):
        assert option in explained
