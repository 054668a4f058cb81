"""Planted effects are found, and of a hundred worlds without any hardly one claims a link."""

import numpy as np
import pandas as pd
import pytest

from dbt_project.effects.circumstances import EFFECT_DTYPES, LINKED, TOO_FEW_DAYS, effects, holm

DAYS, HOURS, AREAS = 56, 24, 8
BUSY = 3  # areas with most of the bulletins
RIDES = 400  # of a day
SHARE = 0.02  # of anomalies
MIN_DAYS = 7
FIRST_DAY = pd.Timestamp("2023-03-06")  # a Monday
CITY_WIDE = {"rain": (20, 8), "fog": (9, 5), "snow and ice": (8, 24), "wind": (12, 18)}
LOCAL = {"closure": (4, 5), "collision": (3, 3), "roadworks": (1, 14)}


def circumstances(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Where and when each category holds: arrays of days, hours and areas."""
    where = {}
    for category, (days, hours) in CITY_WIDE.items():
        where[category] = np.zeros((DAYS, HOURS, AREAS), dtype=bool)
        for day in rng.choice(DAYS, days, replace=False):
            start = rng.integers(HOURS - hours + 1)
            where[category][day, start : start + hours] = True
    for category, (most, hours) in LOCAL.items():
        where[category] = np.zeros((DAYS, HOURS, AREAS), dtype=bool)
        for day in range(DAYS):
            for _ in range(rng.integers(most + 1)):
                start, area = rng.integers(HOURS - hours + 1), rng.integers(AREAS)
                if rng.random() < 0.5:
                    area = rng.integers(BUSY)
                where[category][day, start : start + hours, area] = True
    # each Friday and Saturday evening somewhere in the busy areas
    where["event"] = np.zeros((DAYS, HOURS, AREAS), dtype=bool)
    for day in range(DAYS):
        if day % 7 in (4, 5):
            where["event"][day, 19:23, rng.integers(BUSY)] = True
    return where


def world(seed: int, planted: dict[str, float] | None = None, rides: int = RIDES) -> pd.DataFrame:
    """Counts of 56 days on which anomalies come in heaps for reasons of their own.

    Some days have several times as many as others, so have evenings of the weekend and the areas
    where most bulletins are; and now and then an hour or two of an area is full of them.
    """
    rng = np.random.default_rng(seed)
    day, hour, area = np.indices((DAYS, HOURS, AREAS))
    where = circumstances(rng)
    demand = np.where((hour > 6) & (hour < 23), 3, 1) * np.where(area < BUSY, 2, 1)
    riding = rng.poisson(rides * demand / demand[0].sum())
    share = SHARE * rng.gamma(4, 1 / 4, DAYS)[day]
    share *= np.where(area < BUSY, 2, 1) * np.where((hour > 18) & (day % 7 > 3), 1.5, 1)
    heaps = rng.random((DAYS, HOURS // 2, AREAS)) < 0.01
    share = np.where(np.repeat(heaps, 2, axis=1), 10 * share, share)
    for category, ratio in (planted or {}).items():
        share = np.where(where[category], ratio * share, share)
    anomalous = rng.binomial(riding, np.minimum(share, 1))
    everywhere = {None: np.ones_like(riding, dtype=bool)}
    return pd.concat(
        [
            rows(riding, anomalous, category, holds)
            for category, holds in {**everywhere, **where}.items()
        ],
        ignore_index=True,
    )


def rows(
    riding: np.ndarray, anomalous: np.ndarray, category: str | None, holds: np.ndarray
) -> pd.DataFrame:
    """What `circumstance_counts` has of a category."""
    day, hour, area = np.nonzero(holds & (riding > 0))
    date = FIRST_DAY + pd.to_timedelta(day, "D")
    return pd.DataFrame(
        {
            "ride_date": date,
            "hour_local": date + pd.to_timedelta(hour, "h"),
            "area_key": np.array([f"area {number}" for number in range(AREAS)])[area],
            "category": pd.array([category] * len(day), dtype="string"),
            "rides": riding[day, hour, area],
            "anomalous_rides": anomalous[day, hour, area],
        }
    )


def links(found: pd.DataFrame) -> set[str]:
    return set(found.loc[found["verdict"] == LINKED, "category"])


def test_of_a_hundred_worlds_without_an_effect_five_at_most_claim_one() -> None:
    found = [effects(world(seed), MIN_DAYS) for seed in range(100)]
    asked = sum((one["verdict"] != TOO_FEW_DAYS).sum() for one in found)
    assert asked > 700
    assert sum(bool(links(one)) for one in found) <= 5


def test_planted_effects_are_found_and_nothing_else_and_intervals_hold_the_truth() -> None:
    planted = {"rain": 3.0, "closure": 3.0}
    found = [effects(world(1000 + seed, planted), MIN_DAYS) for seed in range(40)]
    for category in planted:
        assert sum(category in links(one) for one in found) >= 34, category
    assert sum(bool(links(one) - set(planted)) for one in found) <= 2
    table = pd.concat(found).dropna(subset="ratio_low")
    truth = table["category"].map(planted).fillna(1.0)
    holds = (table["ratio_low"] <= truth) & (truth <= table["ratio_high"])
    assert 0.93 <= holds.mean() <= 0.99
    for category, ratio in planted.items():
        ratios = table.loc[table["category"] == category, "ratio"]
        assert ratios.median() == pytest.approx(ratio, rel=0.15)
        assert holds[table["category"] == category].mean() >= 0.9


def test_an_effect_of_an_area_or_an_hour_is_not_taken_for_one_of_what_happens_there() -> None:
    table = world(7, rides=5000)
    evening = table["hour_local"].dt.hour.between(19, 22) & table["area_key"].eq("area 0")
    table.loc[evening, "anomalous_rides"] = table.loc[evening, "rides"] // 3
    assert not links(effects(table, MIN_DAYS))


def test_shares_are_of_comparable_rides_and_their_quotient_is_the_ratio() -> None:
    found = effects(world(3), MIN_DAYS).set_index("category")
    asked = found[found["verdict"] != TOO_FEW_DAYS]
    assert (asked["share_with"] / asked["share_without"]).to_numpy(float) == pytest.approx(
        asked["ratio"].to_numpy(float)
    )
    table = world(3)
    all_rides = table.loc[table["category"].isna(), "rides"].sum()
    for category, row in asked.iterrows():
        with_ = table.loc[table["category"] == category, "rides"].sum()
        assert 0 < row["rides_with"] <= with_
        assert 0 < row["rides_without"] <= all_rides - with_


def test_a_saturday_s_rides_are_compared_with_those_of_other_saturdays() -> None:
    table = world(5)
    table = table[table["category"].isna() & table["area_key"].eq("area 0")]
    is_saturday = table["ride_date"].dt.day_of_week == 5
    saturdays = table[is_saturday].assign(is_event=table["ride_date"].dt.day % 2 == 0)
    event = saturdays[saturdays["is_event"]].drop(columns="is_event").assign(category="event")
    (found,) = effects(pd.concat([table, event]), MIN_DAYS).to_dict("records")
    hours = saturdays.groupby(saturdays["hour_local"].dt.hour)
    both = saturdays[hours["is_event"].transform("nunique") == 2]
    rides = both.groupby("is_event")["rides"].sum()
    assert (found["rides_with"], found["rides_without"]) == (rides[True], rides[False])


@pytest.mark.parametrize(
    ("days", "rides"), [(range(6), 4000), (range(50), 4000), (range(10), 4)], ids=str
)
def test_too_few_days_are_said_to_be_too_few(days: range, rides: int) -> None:
    """On one side or the other, or with too few rides on them for five anomalies."""
    table = world(9, rides=rides)
    table = table[table["category"].isna()]
    is_with = table["ride_date"].isin([FIRST_DAY + pd.Timedelta(day, "D") for day in days])
    strike = table[is_with].assign(category="strike")
    (found,) = effects(pd.concat([table, strike]), MIN_DAYS).to_dict("records")
    assert found["verdict"] == TOO_FEW_DAYS
    assert found["days_with"] == strike["ride_date"].nunique()
    for column in ("ratio", "ratio_low", "ratio_high", "p_value"):
        assert pd.isna(found[column])


def test_a_world_without_a_category_has_no_row() -> None:
    table = world(1)
    for counts in (table[table["category"].isna()], table[:0]):
        found = effects(counts, MIN_DAYS)
        assert found.empty
        assert found.dtypes.astype(str).to_dict() == EFFECT_DTYPES


def test_p_values_are_corrected_for_the_number_of_questions() -> None:
    assert holm([]) == []
    assert holm([0.3]) == [0.3]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
