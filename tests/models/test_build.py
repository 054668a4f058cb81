"""What one ``dbt build`` leaves: the lake's files and the published tables."""

import gzip
import json
import subprocess
import sys

import duckdb
import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler
from support.workplace import (
    EMBEDDED_DAY,
    EMBEDDED_LAKE,
    MARTS,
    ROOT,
    Build,
    Workplace,
    hashes,
    read_strict_json,
)

from dbt_project.lake.connection import load_extensions
from dbt_project.summaries.sentences import split_sentences

DATE = "20230501"
EXPORTS = ("clustered_data", "clustered_summarized")
PAGES = {f"report_{DATE}.html", "report_index.html"}


def all_rows(build: Build) -> dict[str, list[tuple[object, ...]]]:
    return {table: build.query(f"from {table} order by all") for table in MARTS}


class TestEmbeddedDay:
    def test_labels_are_those_of_scikit_learn(self, embedded_day: Build) -> None:
        rides = embedded_day.export("clustered_data", DATE)
        features = [[ride["ride_dist"], ride["ride_time"]] for ride in rides]
        scaled = StandardScaler().fit_transform(np.array(features))
        expected = DBSCAN(eps=0.3, min_samples=10).fit_predict(scaled)
        assert [ride["label"] for ride in rides] == expected.tolist()

    def test_every_injected_anomaly_is_found_and_called_by_its_kind(
        self, embedded_day: Build
    ) -> None:
        expected_kinds = {
            "long_distance": {"long distance", "long distance and time"},
            "long_time": {"long time"},
            "stuck_in_traffic": {"long time", "slow for the distance"},
            "zero_distance": {"hardly moved"},
        }
        kinds = dict(embedded_day.query("select ride_id, anomaly_kind from anomalous_rides"))
        truth = read_strict_json(ROOT / "truth" / f"truth-{DATE}.json")
        injected = [ride for ride in truth if ride["kind"] != "naturally_unusual"]
        assert {anomaly["kind"] for anomaly in injected} == set(expected_kinds)
        for anomaly in injected:
            assert kinds[anomaly["ride_id"]] in expected_kinds[anomaly["kind"]]

    def test_source_fields_reach_the_exports_unchanged_and_in_order(
        self, embedded_day: Build
    ) -> None:
        rejected = {
            number for (number,) in embedded_day.query("select record_number from rejected_rides")
        }
        records = read_strict_json(EMBEDDED_LAKE / f"taxi-rides-{DATE}.json")
        clean = [record for number, record in enumerate(records, 1) if number not in rejected]
        for name in EXPORTS:
            exported = embedded_day.export(name, DATE)
            fields = [
                {key: ride[key] for key in record}
                for ride, record in zip(exported, clean, strict=True)
            ]
            assert fields == clean

    def test_clean_and_rejected_together_are_what_was_read(self, embedded_day: Build) -> None:
        records = read_strict_json(EMBEDDED_LAKE / f"taxi-rides-{DATE}.json")
        ((read, rides, rejected),) = embedded_day.query(
            "select records_read, rides, rejected_rides from daily_reports"
        )
        assert read == len(records) == rides + rejected
        assert embedded_day.query("select count(*) from rides") == [(rides,)]
        assert embedded_day.query("select count(*) from rejected_rides") == [(rejected,)]

    def test_bad_records_are_kept_with_their_reason_and_raw_json(self, embedded_day: Build) -> None:
        rejected = embedded_day.query(
            "select reason, record, record_number from rejected_rides order by reason"
        )
        records = read_strict_json(EMBEDDED_LAKE / f"taxi-rides-{DATE}.json")
        assert [reason for reason, _, _ in rejected] == [
            "no ride_id",
            "not an object",
            "repeated ride_id",
            "ride_dist above 1000",
            "ride_dist missing",
            "ride_dist negative",
            "ride_dist not a number",
            "ride_time zero or negative",
        ]
        for _, raw, number in rejected:
            assert json.loads(raw) == records[number - 1]

    def test_only_anomalous_rides_have_a_summary_of_three_sentences_or_fewer(
        self, embedded_day: Build
    ) -> None:
        for ride in embedded_day.export("clustered_summarized", DATE):
            assert ride["is_anomaly"] == (ride["label"] == -1)
            if ride["is_anomaly"]:
                assert 1 <= len(split_sentences(ride["summary"])) <= 3
                assert ride["summary_source"] == ride["summary_status"] == "extractive"
            else:
                assert ride["summary"] == ""
                assert ride["anomaly_kind"] is ride["summary_source"] is None

    def test_every_exported_ride_has_its_facts_rounded_for_a_reader(
        self, embedded_day: Build
    ) -> None:
        exact = {
            ride: facts
            for ride, *facts in embedded_day.query(
                "select ride_id, expected_minutes, times_expected, severity, likely_reason "
                "from anomalous_rides"
            )
        }
        distances = dict(embedded_day.query("select ride_id, distance_from_normal from rides"))
        for ride in embedded_day.export("clustered_summarized", DATE):
            minutes, mph = ride["ride_time"] * 60, ride["ride_dist"] / ride["ride_time"]
            assert ride["ride_minutes"] == pytest.approx(minutes, abs=0.051)
            assert ride["mph"] == pytest.approx(mph, abs=0.051)
            assert ride["distance_from_normal"] == round(distances[ride["ride_id"]], 3)
            assert (ride["distance_from_normal"] > 0.3) == ride["is_anomaly"]
            expected, times, severity, reason = exact.get(ride["ride_id"], [None] * 4)
            assert (ride["severity"], ride["likely_reason"]) == (severity, reason)
            if ride["is_anomaly"]:
                assert ride["expected_minutes"] == round(expected, 1)
                assert ride["times_expected"] == round(times, 2) == round(minutes / expected, 2)
            else:
                assert ride["expected_minutes"] is ride["times_expected"] is None

    def test_the_day_s_report_says_on_which_scale_rides_were_compared(
        self, embedded_day: Build
    ) -> None:
        assert embedded_day.query("select clustering_scale from daily_reports") == [("standard",)]

    def test_a_ride_is_told_the_weather_and_traffic_of_its_own_hours_and_area(
        self, embedded_day: Build
    ) -> None:
        traffic = read_strict_json(EMBEDDED_LAKE / f"traffic-{DATE}.json")
        rides = embedded_day.query(
            "select area, pickup_local, ride_time, traffic from anomalous_rides"
        )
        for area, pickup, hours, told in rides:
            start = np.datetime64(pickup, "h")
            end = np.datetime64(pickup, "us") + np.timedelta64(round(hours * 3.6e9), "us")
            # all times of the day have one offset, which the ride's local time leaves out
            expected = {
                bulletin["text"]
                for bulletin in traffic
                if bulletin.get("area") in (None, area)
                and bulletin.get("ended_at")
                and np.datetime64(bulletin["started_at"][:19])
                < np.datetime64(end, "h") + np.timedelta64(1, "h")
                and np.datetime64((bulletin.get("ended_at") or "2023-05-02T00:00:00")[:19]) > start
            }
            assert set((told or "").splitlines()) == expected

    @pytest.mark.of_the_file
    def test_analysts_find_every_mart_described_and_nothing_else(self, embedded_day: Build) -> None:
        tables = embedded_day.query("select schema_name, table_name, comment from duckdb_tables()")
        assert {(schema, name) for schema, name, _ in tables} == {("main", name) for name in MARTS}
        assert all(comment for _, _, comment in tables)
        undescribed = "from duckdb_columns() where comment is null and not internal"
        assert embedded_day.query(undescribed) == []

    def test_nothing_in_the_lake_is_touched_but_the_exports(self, embedded_day: Build) -> None:
        before, after = hashes(EMBEDDED_LAKE), hashes(embedded_day.lake)
        sources = {file.name for file in EMBEDDED_DAY}
        assert {name: after[name] for name in sources} == {name: before[name] for name in sources}
        assert set(after) - sources == {f"{name}_{DATE}.json" for name in EXPORTS} | PAGES

    def test_the_last_lines_tell_what_was_done_and_where_to_look(self, embedded_day: Build) -> None:
        *_, day, first, second, report, warehouse, look = embedded_day.output.rstrip().splitlines()
        assert day == "2023-05-01: 408 records read, 400 rides, 8 rejected; 8 anomalous (2.0%)."
        assert first == f"Export     {embedded_day.lake}/clustered_data_{DATE}.json"
        assert second == f"Export     {embedded_day.lake}/clustered_summarized_{DATE}.json"
        assert report == f"Report     {embedded_day.warehouse}/report_{DATE}.html"
        assert warehouse == f"Warehouse  {embedded_day.published.name}"
        assert look.startswith("Look ")
        assert "dbt_project.query" in look


class TestHistory:
    def test_building_a_day_again_replaces_that_day_and_no_other(
        self, workplace: Workplace, embedded_day: Build
    ) -> None:
        workplace.fill_with_copy_of(embedded_day).simulate("20230502", "--rides", "120")
        first = workplace.build_day("20230502")
        rows, exports = all_rows(first), hashes(workplace.lake)
        again = workplace.build_day("2023-05-01")
        assert hashes(workplace.lake) == exports
        assert all_rows(again) == rows

        workplace.write("taxi-rides-20230502.json", [])
        emptied = workplace.build_day("20230502")
        assert emptied.query(
            "select ride_date::varchar, rides from daily_reports order by all"
        ) == [
            ("2023-05-01", 400),
            ("2023-05-02", 0),
        ]
        left = "select count(*) from {} where ride_date = '2023-05-02'"
        for table in ("rides", "anomalous_rides", "rejected_rides", "ride_contexts"):
            assert emptied.query(left.format(table)) == [(0,)]
        kept = "from rides where ride_date = '2023-05-01' order by all"
        assert emptied.query(kept) == embedded_day.query(kept)
        assert emptied.export("clustered_data", "20230502") == []
        assert emptied.export("clustered_summarized", "20230502") == []


class TestSourceFormats:
    def test_newlines_gzip_and_parts_hold_the_same_day_as_an_array(
        self, workplace: Workplace, embedded_day: Build
    ) -> None:
        workplace.fill_with_embedded_day()
        whole = workplace.lake / f"taxi-rides-{DATE}.json"
        lines = [json.dumps(record) for record in read_strict_json(whole)]
        whole.unlink()
        first_part, second_part = "\n".join(lines[:150]), "[" + ",\n".join(lines[150:]) + "]"
        (workplace.lake / f"taxi-rides-{DATE}-1.json.gz").write_bytes(
            gzip.compress(first_part.encode())
        )
        (workplace.lake / f"taxi-rides-{DATE}-2.json").write_text(second_part)
        (workplace.lake / f"taxi-rides-{DATE}1.json").write_text("of no day")
        build = workplace.build_day(DATE)
        for name in EXPORTS:
            assert build.export(name, DATE) == embedded_day.export(name, DATE)

    def test_rides_with_their_texts_inline_and_odd_fields_work_as_they_are(
        self, workplace: Workplace
    ) -> None:
        texts = {"news": "A marathon.", "weather": "Rain.", "traffic": "Bridge closed."}
        rides = [
            {"ride_id": number, "ride_dist": 2, "ride_time": 0.25, **texts} for number in range(59)
        ]
        odd = {
            "tip": {"currency": "£", "amounts": [1.10, None]},
            "driver's name": 'Ann "A" Lee',
            "id": 2**70,
        }
        rides += [
            {"ride_id": "far", "ride_dist": 300, "ride_time": 9, **texts, **odd, "label": "old"}
        ]
        workplace.write(f"taxi-rides-{DATE}.json", rides)
        build = workplace.build_day(DATE)
        *_, normal, far = build.export("clustered_summarized", DATE)
        assert {key: far[key] for key in odd} == odd
        assert (normal["label"], far["label"]) == (0, -1)
        assert build.query("select news, weather, traffic, summary from anomalous_rides") == [
            (*texts.values(), "Bridge closed. A marathon. Rain.")
        ]
        assert build.query("select missing from daily_reports") == [
            (["news", "traffic", "weather"],)
        ]

    def test_what_is_no_json_number_or_line_is_rejected_and_the_rest_is_built(
        self, workplace: Workplace
    ) -> None:
        good = [
            f'{{"ride_id": {n}, "ride_dist": 1.5, "ride_time": 0.2, "tip": NaN}}' for n in range(60)
        ]
        good.append('{"ride_id": "in no time", "ride_dist": 1.5, "ride_time": 1e-320, "tip": NaN}')
        bad = [
            '{"ride_id": "cut off',
            '{"ride_id": "nan", "ride_dist": NaN, "ride_time": 1}',
            "true",
        ]
        workplace.lake.mkdir()
        (workplace.lake / f"taxi-rides-{DATE}.json").write_text(
            "\n".join(good[:30] + bad + good[30:])
        )
        build = workplace.build_day(DATE)
        assert build.query("select record_number, reason from rejected_rides order by all") == [
            (31, "malformed JSON"),
            (32, "ride_dist not finite"),
            (33, "not an object"),
        ]
        assert [ride["tip"] for ride in build.export("clustered_data", DATE)] == [None] * 61
        added = {"label", "is_anomaly", "anomaly_kind", "summary", "summary_source"}
        exported = build.export("clustered_summarized", DATE)
        assert all(added <= set(ride) for ride in exported)
        assert (exported[-1]["mph"], exported[-1]["ride_minutes"]) == (None, 0)
        assert exported[-1]["likely_reason"] == "impossible speed: meter or GPS fault"


def rides_over_s3(url: str, server: dict[str, str]) -> int:
    """Count the rides in a published warehouse as an analyst elsewhere does."""
    with duckdb.connect() as analyst:
        load_extensions(analyst, ["httpfs"])
        analyst.execute(
            "create secret (type s3, key_id ?, secret ?, region ?, endpoint ?, use_ssl false, "
            "url_style 'path')",
            [
                server["AWS_ACCESS_KEY_ID"],
                server["AWS_SECRET_ACCESS_KEY"],
                server["AWS_REGION"],
                server["AWS_ENDPOINT_URL"].removeprefix("http://"),
            ],
        )
        analyst.execute(f"attach '{url}' as taxi (read_only)")
        return int(analyst.execute("select count(*) from taxi.rides").fetchall()[0][0])


class TestS3:
    @pytest.mark.of_the_file
    def test_the_same_day_in_a_bucket_gives_the_same_exports(
        self, workplace: Workplace, embedded_day: Build, s3_server: dict[str, str]
    ) -> None:
        boto3 = pytest.importorskip("boto3")
        s3 = boto3.client(
            "s3",
            endpoint_url=s3_server["AWS_ENDPOINT_URL"],
            region_name=s3_server["AWS_REGION"],
            aws_access_key_id=s3_server["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=s3_server["AWS_SECRET_ACCESS_KEY"],
        )
        location = {"LocationConstraint": s3_server["AWS_REGION"]}
        for bucket in ("etml-data", "results"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        for file in EMBEDDED_DAY:
            body = gzip.compress(file.read_bytes())
            s3.put_object(Bucket="etml-data", Key=f"glasgow/{file.name}.gz", Body=body)
        build = workplace.build_day(
            DATE,
            LAKE_URL="s3://etml-data/glasgow",
            LAKE_OUTPUT_URL="s3://results/",
            PUBLISH_URL="s3://results/warehouse",
            **s3_server,
        )
        listing = s3.list_objects_v2(Bucket="results")["Contents"]
        exports = {f"{name}_{DATE}.json" for name in EXPORTS}
        warehouse = "warehouse/taxi.duckdb"
        assert {item["Key"] for item in listing} == exports | PAGES | {warehouse}
        assert rides_over_s3(f"s3://results/{warehouse}", s3_server) == 400
        for name in EXPORTS:
            body = s3.get_object(Bucket="results", Key=f"{name}_{DATE}.json")["Body"].read()
            assert body == (embedded_day.lake / f"{name}_{DATE}.json").read_bytes()
        for name in PAGES:
            body = s3.get_object(Bucket="results", Key=name)["Body"].read()
            assert body == (embedded_day.lake / name).read_bytes()
        assert f"Export     s3://results/clustered_data_{DATE}.json" in build.output
        traces = [
            build.output,
            *(file.read_text(errors="replace") for file in workplace.folder.rglob("*.log")),
        ]
        assert not any(s3_server["AWS_SECRET_ACCESS_KEY"] in trace for trace in traces)


class TestErrorsInWords:
    def test_a_settings_file_that_cannot_be_used_is_one_line_that_names_the_field(
        self, workplace: Workplace
    ) -> None:
        workplace.fill_with_embedded_day()
        file = workplace.folder / "summaries.yml"
        file.write_text("template: {version: 1, system: Summarise., user: '{city}'}\nmodels: []\n")
        build = workplace.build(f"{{date: {DATE}, summaries_file: {file}}}")
        assert build.completed.returncode != 0
        assert build.last_line.startswith(f"Error: {file}: template.user: expected the placeholder")
        assert "Traceback" not in build.output
        assert not workplace.warehouse.exists()

    @pytest.mark.of_the_file
    def test_a_second_build_at_the_same_time_is_refused_and_says_who_is_at_work(
        self, workplace: Workplace
    ) -> None:
        workplace.fill_with_embedded_day().warehouse.mkdir()
        holding = (
            "import duckdb, sys, time; connection = duckdb.connect(sys.argv[1]); "
            "print('ready', flush=True); time.sleep(300)"
        )
        file = workplace.warehouse / "build.duckdb"
        with subprocess.Popen(
            [sys.executable, "-c", holding, file], stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()
            build = workplace.build(f"date: {DATE}")
            other.kill()
        assert build.completed.returncode != 0
        assert build.last_line.startswith(f"Error: process {other.pid} is using {file}")
        assert "Traceback" not in build.output
