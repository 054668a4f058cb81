"""What is counted of a day, and what is said of the 56 days up to it, over the published tables."""

import datetime as dt
import json

import duckdb
import pandas as pd
import pytest
from support.workplace import Build, Workplace

DATE = "20230502"
DAY, FIRST = dt.date(2023, 5, 2), dt.date(2023, 3, 8)
NOT_LOOKED_AT = ("2023-03-07", "2023-04-03", "2023-05-03")  # too early, not judged, later
STRIKE = {"text": "Rail strike, queues at ranks.", "started_at": "2023-05-02T06:30:00"}

pytestmark = pytest.mark.of_the_file  # the history is put into build.duckdb


@pytest.fixture(scope="module")
def day(embedded_day: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A day after four weeks like the embedded one, with rain on every other and its traces.

    Where it rained a third of the rides were anomalous. Three more days, which have nothing but
    anomalous rides in dry weather, are not to be looked at.
    """
    workplace = Workplace(tmp_path_factory.mktemp("effects")).fill_with_copy_of(embedded_day)
    with duckdb.connect(str(workplace.warehouse / "build.duckdb")) as warehouse:
        warehouse.execute(
            "create temp table history as "
            "select ride_date - n::int as ride_date, n % 2 = 0 as has_rain, false as is_wild "
            "from daily_reports, range(1, 28) as earlier(n) "
            f"union all select unnest({list(NOT_LOOKED_AT)})::date, false, true"
        )
        warehouse.execute(
            "insert into daily_reports by name "
            "select reports.* replace (history.ride_date as ride_date, "
            "  if(history.ride_date = '2023-04-03', 'too sparse', 'judged') as judgement) "
            "from daily_reports as reports, history"
        )
        warehouse.execute(
            "insert into circumstance_counts by name with day as ("
            "  select *, bool_or(category = 'rain') "
            "    over (partition by hour_start, area_key) as rained from circumstance_counts) "
            "select day.* exclude (rained) replace (history.ride_date as ride_date, "
            "  hour_start + (history.ride_date - day.ride_date) * interval 1 day as hour_start, "
            "  hour_local + (history.ride_date - day.ride_date) * interval 1 day as hour_local, "
            "  case when is_wild then rides when has_rain and rained then (rides + 2) // 3 "
            "  else anomalous_rides end as anomalous_rides) "
            "from day, history where has_rain or category is distinct from 'rain'"
        )
    workplace.simulate(DATE, "--rides", "400", "--incidents", "2")
    traffic = json.loads((workplace.lake / f"traffic-{DATE}.json").read_text())
    workplace.write(f"traffic-{DATE}.json", [*traffic, STRIKE])
    return workplace.build_day(DATE)


def table(day: Build, query: str) -> pd.DataFrame:
    with day.published.connect() as connection:
        return connection.execute(query).df()


def test_a_day_s_counts_are_those_of_its_rides_and_circumstances(day: Build) -> None:
    rides = table(
        day,
        "select *, date_trunc('hour', pickup_at) as hour, lower(trim(area)) as area_key "
        f"from rides where ride_date = '{DAY}'",
    )
    items = table(day, f"from ride_circumstances where ride_date = '{DAY}' and is_notable")
    items_of_day = items[items["context_id"] == str(DAY)]
    # headlines of the day that have a time announce something for later
    items_of_day = items_of_day[items_of_day["kind"].ne("news") | items_of_day["starts_at"].isna()]
    assert items_of_day["text"].tolist() == [STRIKE["text"]]
    names = ("", "_of_item")
    both = pd.concat(
        [
            rides.merge(items, on="context_id", suffixes=names),
            rides.merge(items_of_day, how="cross", suffixes=names),
        ],
        ignore_index=True,
    )
    starts_too_late = both["starts_at"] >= both["hour"] + pd.Timedelta(hours=1)
    is_over = both["ends_at"] <= both["hour"]
    assert starts_too_late.any()
    held = both[~starts_too_late & ~is_over].drop_duplicates(["record_number", "category"])
    expected = pd.concat([rides.assign(category="all rides"), held])
    expected = expected.groupby(["hour", "area_key", "category"], dropna=False)["is_anomaly"]
    found = table(
        day,
        "select * replace (coalesce(category, 'all rides') as category) "
        f"from circumstance_counts where ride_date = '{DAY}'",
    ).set_index(["hour_start", "area_key", "category"])
    assert found["rides"].sort_index().to_dict() == expected.size().to_dict()
    assert found["anomalous_rides"].sort_index().to_dict() == expected.sum().to_dict()


def test_what_is_said_is_a_plain_count_over_the_days_that_were_judged(day: Build) -> None:
    counts = table(
        day,
        f"from circumstance_counts where ride_date between '{FIRST}' and '{DAY}' "
        "and ride_date in (select ride_date from daily_reports where judgement = 'judged')",
    )
    assert counts["ride_date"].nunique() == 29
    counts["kind_of_day"] = counts["hour_local"].dt.day_of_week.clip(lower=4)
    counts["hour"] = counts["hour_local"].dt.hour
    group = ["kind_of_day", "hour", "area_key"]
    all_rides = counts[counts["category"].isna()].groupby(group)[["rides", "anomalous_rides"]].sum()
    found = table(day, f"from circumstance_effects where ride_date = '{DAY}'").set_index("category")
    assert set(found.index) == set(counts["category"].dropna())
    for category, row in found.iterrows():
        rows = counts[counts["category"] == category]
        with_ = rows.groupby(group)[["rides", "anomalous_rides"]].sum()
        without = (all_rides.loc[with_.index] - with_).query("rides > 0")
        with_ = with_.loc[without.index]
        assert row["days_with"] == rows["ride_date"].nunique()
        assert row["rides_with"] == with_["rides"].sum()
        assert row["rides_without"] == without["rides"].sum()
        if row["verdict"] != "too few days to say":
            weight = with_["rides"] * without["rides"] / (with_["rides"] + without["rides"])
            for side, share in ((with_, "share_with"), (without, "share_without")):
                shares = side["anomalous_rides"] / side["rides"]
                assert row[share] == pytest.approx((weight * shares).sum() / weight.sum())
    assert found["verdict"].nunique() > 1


def test_the_planted_link_is_said_and_what_was_there_every_day_is_not(day: Build) -> None:
    found = table(day, f"from circumstance_effects where ride_date = '{DAY}'").set_index("category")
    rain = found.loc["rain"]
    assert rain["verdict"] == "linked"
    assert 1 < rain["ratio_low"] < rain["ratio"] < rain["ratio_high"]
    assert rain["ratio"] == pytest.approx(rain["share_with"] / rain["share_without"])
    assert rain["p_value"] < 0.01
    assert (found.drop("rain")["verdict"] != "linked").all()


def test_on_a_first_day_there_are_too_few_to_say(embedded_day: Build) -> None:
    found = embedded_day.query(
        "select category, days_with, ratio, p_value, verdict from circumstance_effects order by 1"
    )
    assert found == [
        (category, 1, None, None, "too few days to say")
        for category in ("closure", "collision", "event", "flooding", "other", "rain")
    ]
