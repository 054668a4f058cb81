"""What people find out about rides comes back with the lake, and changes no label."""

import json
from pathlib import Path

import pytest
from support.workplace import Build, Workplace

DATE = "20230501"
FILE = f"ride-verdicts-{DATE}.json"


@pytest.fixture(scope="module")
def judged(embedded_day: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The embedded day, after people have looked at three of its anomalous rides."""
    workplace = Workplace(tmp_path_factory.mktemp("verdicts"))
    workplace.fill_with_embedded_day()
    first, second, third, *_ = anomalous(embedded_day)
    verdicts = [
        {"ride_id": first, "verdict": "real", "at": "2023-05-02T09:00:00Z"},
        {
            "ride_id": first,
            "verdict": "Data error ",
            "note": "meter 7",
            "by": "Ada",
            "at": "2023-05-03",
        },
        {"ride_id": first, "verdict": "explained"},
        {"ride_id": second, "verdict": "misuse"},
        {"ride_id": second, "verdict": "explained", "note": "<b>diversion</b>"},
        {"ride_id": third, "verdict": "fine"},
        {"ride_id": "nobody", "verdict": "real"},
        "real",
    ]
    lines = [*map(json.dumps, verdicts), '{"ride_id": ']
    (workplace.lake / FILE).write_text("\n".join([lines[-1], *lines[:-1]]))
    return workplace.build_day(DATE)


def anomalous(build: Build) -> list[str]:
    return [ride for (ride,) in build.query("select ride_id from anomalous_rides order by ride_id")]


def test_the_last_verdict_on_a_ride_counts(judged: Build) -> None:
    first, second, *_ = anomalous(judged)
    assert judged.query(
        "select ride_id, verdict, note, judged_by, judged_at::date::varchar from ride_verdicts "
        "order by ride_id"
    ) == [
        (first, "data error", "meter 7", "Ada", "2023-05-02"),
        (second, "explained", "<b>diversion</b>", None, None),
    ]


def test_a_verdict_that_cannot_be_used_stands_there_with_its_reason(judged: Build) -> None:
    third = anomalous(judged)[2]
    assert judged.query("select ride_id, reason from rejected_verdicts order by record_number") == [
        (None, "malformed JSON"),
        (third, "the verdict is none of real, data error, explained, misuse"),
        ("nobody", "no anomalous ride of the day has this ride_id"),
        (None, "not an object"),
    ]


def test_verdicts_change_no_label_and_no_export(judged: Build, embedded_day: Build) -> None:
    rides = "select ride_id, label, anomaly_kind from rides order by record_number"
    assert judged.query(rides) == embedded_day.query(rides)
    for name in (f"clustered_data_{DATE}.json", f"clustered_summarized_{DATE}.json"):
        assert (judged.lake / name).read_bytes() == (embedded_day.lake / name).read_bytes()


def test_what_people_found_out_is_counted_over_the_days_and_told(judged: Build) -> None:
    first, second, *_ = anomalous(judged)
    of_all = (2, 1, 0.5)
    assert judged.query("select judged_rides, confirmed_share from daily_reports") == [(2, 0.5)]
    assert judged.query(
        "select judged_rides, confirmed_rides, confirmed_share from verdict_precision "
        "where dimension = 'all'"
    ) == [of_all]
    for dimension, column in (
        ("kind", "anomaly_kind"),
        ("severity", "severity"),
        ("reason", "likely_reason"),
    ):
        said = dict(judged.query(f"select ride_id, {column} from anomalous_rides"))
        expected = {
            value: (
                [said[first], said[second]].count(value),
                int(said[first] == value),
            )
            for value in (said[first], said[second])
        }
        counted = judged.query(
            "select value, judged_rides, confirmed_rides from verdict_precision "
            f"where dimension = '{dimension}'"
        )
        assert {value: counts for value, *counts in counted} == {
            value: list(counts) for value, counts in expected.items()
        }
    page = (judged.warehouse / f"report_{DATE}.html").read_text()
    assert "Of 2 judged rides of the last weeks, 1 was confirmed (50.0%)." in page


def test_verdicts_of_the_days_before_count_for_a_day_without_any(
    judged: Build, tmp_path: Path
) -> None:
    workplace = Workplace(tmp_path).fill_with_copy_of(judged)
    rides = (workplace.lake / f"taxi-rides-{DATE}.json").read_bytes()
    (workplace.lake / "taxi-rides-20230502.json").write_bytes(rides)
    next_day = workplace.build_day("20230502")
    assert next_day.query(
        "select ride_date::varchar, judged_rides, confirmed_rides from verdict_precision "
        "where dimension = 'all' order by ride_date"
    ) == [("2023-05-01", 2, 1), ("2023-05-02", 2, 1)]
    assert next_day.query("select count(*) from ride_verdicts where ride_date > '2023-05-01'") == [
        (0,)
    ]
