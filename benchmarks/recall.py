"""Measure which of the anomalies that were put into a day are found, and what they are called.

Run ``python benchmarks/recall.py [FOLDER]``. Simulated days of several sizes and seeds are
clustered with the rule of ``dbt_project.yml``, with its ``min_samples`` alone, and on the
logarithmic scale, and a few are built with dbt for the kinds that it gives. FOLDER holds files of
real rides, as the lake has them: faults are planted in these, and the same rules look for them. The
figures go to ``docs/benchmarks/recall.json``, and the page is made anew from it; figures of real
rides stay as they are without a folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import page
import yaml
from measure import machine
from numpy.typing import NDArray
from workplace import DATE, ROOT, Workplace

sys.path.insert(0, str(ROOT))

from dbt_project.clustering.rides import (
    MEASURES,
    cluster_rides,
    effective_min_samples,
    scaled,
)
from dbt_project.simulate.rides import INJECTED_KINDS, NORMAL, RideModel, anomalies_of_a_day
from dbt_project.simulate.world import make_world

# How many days of each size: the seeds are 1, 2 and so on.
CLUSTERED_DAYS = {400: 40, 10_000: 20, 100_000: 8, 1_000_000: 3}
BUILT_DAYS = {400: 4, 10_000: 1}
COLUMNS = ("distance", "time", "kind", "is_unusual")
# What is recommended with `clustering_scale: log`.
LOG_EPS = 0.4

# Faults that are planted in real rides, so many of each kind in a day, and how often in each day.
FAULTS = ("time_over_3_hours", "time_4_to_8_times", "distance_tenfold", "distance_lost")
FAULTS_OF_A_KIND = 10
PLANTINGS = 18
# Real rides beyond these shares of their day are naturally unusual.
UNUSUAL_SHARE = 0.005

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Rule(NamedTuple):
    """What is called an anomaly."""

    scale: str
    eps: float
    min_samples_share: float


class Day(NamedTuple):
    """Rides and what is known of them."""

    features: Floats
    """Shape (n, 2): distance in miles, time in hours."""
    kind: Integers
    """Shape (n,): number of the kind of anomaly that was put there, or `NORMAL`."""
    is_unusual: Mask
    """Shape (n,): which of the others are unusual by themselves."""


@dataclass
class Tally:
    """Counts over days of one size, under one rule.

    Attributes
    ----------
    kinds : sequence of str
        The kinds of anomalies, k of them.
    others, flagged_others, flagged_unusual : int
        Rides that are no anomalies put there, those of them labelled anomalous, and those of these
        that are naturally unusual.
    planted, found : numpy.ndarray of shape (k,)
        Anomalies of each kind, and those of them that were found.
    recalls : list of float
        Recall of each day.
    """

    kinds: Sequence[str]
    others: int = 0
    flagged_others: int = 0
    flagged_unusual: int = 0
    planted: Any = 0
    found: Any = 0
    recalls: list[float] = field(default_factory=list)

    def add(self, day: Day, is_flagged: Mask) -> None:
        """Count a day."""
        is_planted = day.kind != NORMAL
        self.others += int((~is_planted).sum())
        self.flagged_others += int((is_flagged & ~is_planted).sum())
        self.flagged_unusual += int((is_flagged & ~is_planted & day.is_unusual).sum())
        self.planted += np.bincount(day.kind[is_planted], minlength=len(self.kinds))
        self.found += np.bincount(day.kind[is_planted & is_flagged], minlength=len(self.kinds))
        self.recalls.append(float(is_flagged[is_planted].mean()))

    def figures(self) -> dict[str, Any]:
        """Return what is kept of it."""
        found, planted = int(self.found.sum()), int(self.planted.sum())
        flagged = found + self.flagged_others
        by_kind = (self.found / self.planted).tolist()
        return {
            "days": len(self.recalls),
            "recall": found / planted,
            "lowest_recall": min(self.recalls),
            "recall_by_kind": dict(zip(self.kinds, by_kind, strict=True)),
            "precision": found / flagged,
            "precision_with_unusual": (found + self.flagged_unusual) / flagged,
            "flagged_share": flagged / (self.others + planted),
            "flagged_share_of_others": self.flagged_others / self.others,
        }


def rules_of(settings: dict[str, Any]) -> dict[str, Rule]:
    """Return the rule of the settings, the one without a share, and the one on the log scale."""
    eps, share = settings["eps"], settings["min_samples_share"]
    return {
        "share": Rule("standard", eps, share),
        "fixed": Rule("standard", eps, 0.0),
        "log": Rule("log", LOG_EPS, share),
    }


def flagged_by(rule: Rule, features: Floats, min_samples: int) -> Mask:
    """Say which rides a rule calls anomalous."""
    rides = dict(zip(MEASURES, features.T, strict=True))
    points = np.column_stack([scaled(rides, measure, rule.scale) for measure in MEASURES])
    is_flagged: Mask = (
        cluster_rides(points, rule.eps, min_samples, rule.min_samples_share).labels == -1
    )
    return is_flagged


def measured(
    days: Iterable[Day], kinds: Sequence[str], rules: dict[str, Rule], min_samples: int
) -> dict[str, dict[str, Any]]:
    """Let every rule look at the same days, and return the figures of each."""
    tallies = {name: Tally(kinds) for name in rules}
    for day in days:
        for name, rule in rules.items():
            tallies[name].add(day, flagged_by(rule, day.features, min_samples))
    return {name: tally.figures() for name, tally in tallies.items()}


def simulated_day(rides: int, seed: int) -> Day:
    """Return the rides of a simulated day and what was injected."""
    world = make_world(datetime.strptime(DATE, "%Y%m%d").date(), seed)
    chunks = list(RideModel(world, seed, rides, anomalies_of_a_day(rides)).chunks())
    columns = [np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in COLUMNS]
    return Day(np.column_stack(columns[:2]), *columns[2:])


def measure_recall(rides: int, days: int, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Cluster simulated days of one size with every rule."""
    rules = rules_of(settings)
    least = settings["min_samples"]
    simulated = (simulated_day(rides, seed) for seed in range(1, days + 1))
    return [
        {
            "rides": rides,
            "rule": name,
            "min_samples": effective_min_samples(rides, least, rules[name].min_samples_share),
            **figures,
        }
        for name, figures in measured(simulated, INJECTED_KINDS, rules, least).items()
    ]


def real_rides(file: Path, settings: dict[str, Any]) -> Floats:
    """Return distance and time of the rides in a file that the product would keep."""
    query = """
        select ride_dist, ride_time
        from read_json(?, columns = {ride_dist: 'DOUBLE', ride_time: 'DOUBLE'})
        where ride_dist between 0 and ? and ride_time > 0 and ride_time <= ?
    """
    limits = settings["max_ride_miles"], settings["max_ride_hours"]
    columns = duckdb.execute(query, [str(file), *limits]).fetchnumpy()
    return np.column_stack(list(columns.values()))


def with_faults(rides: Floats, seed: int) -> Day:
    """Plant faults in real rides, and say which of the others are unusual by themselves.

    Unusual are those whose distance or time is at or beyond the 99.5th percentile of the day, or
    whose speed is there or at or below the 0.5th.
    """
    low, high = UNUSUAL_SHARE, 1 - UNUSUAL_SHARE
    speed = rides[:, 0] / rides[:, 1]
    is_unusual = (rides >= np.quantile(rides, high, axis=0)).any(axis=1)
    is_unusual |= (speed <= np.quantile(speed, low)) | (speed >= np.quantile(speed, high))

    random = np.random.default_rng(seed)
    chosen = random.choice(len(rides), (len(FAULTS), FAULTS_OF_A_KIND), replace=False)
    over, times, tenfold, lost = chosen
    features = rides.copy()
    features[over, 1] = np.exp(random.uniform(np.log(3), np.log(24), len(over)))
    features[times, 1] *= random.uniform(4, 8, len(times))
    features[tenfold, 0] *= 10
    features[lost, 0] = 0
    kind = np.full(len(rides), NORMAL)
    kind[chosen] = np.arange(len(FAULTS))[:, None]
    return Day(features, kind, is_unusual)


def measure_real(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Let every rule look for faults planted in each day of a folder."""
    days = [real_rides(file, settings) for file in sorted(folder.glob("taxi-rides-*.json*"))]
    planted = (with_faults(rides, seed) for rides in days for seed in range(1, PLANTINGS + 1))
    rules = rules_of(settings)
    return {
        "sets": len(days),
        "plantings": PLANTINGS,
        "faults_of_a_kind": FAULTS_OF_A_KIND,
        "smallest": min(map(len, days)),
        "largest": max(map(len, days)),
        "rules": measured(planted, FAULTS, rules, settings["min_samples"]),
    }


def built_kinds(workplace: Workplace, rides: int, seed: int) -> Counter[tuple[str, str]]:
    """Build a day and count its rides by the kind injected and the kind given."""
    workplace.simulate(rides, seed)
    workplace.build("warehouse")
    truth = json.loads(workplace.truth.read_text(encoding="utf-8"))
    injected = {record["ride_id"]: record["kind"] for record in truth}
    with duckdb.connect(str(workplace.folder / "warehouse" / "taxi.duckdb")) as connection:
        query = "SELECT ride_id, anomaly_kind FROM rides WHERE is_anomaly"
        given = dict(connection.execute(query).fetchall())
    return Counter(
        (injected.get(ride, page.NOT_INJECTED), given.get(ride, page.NOT_FLAGGED))
        for ride in injected.keys() | given.keys()
    )


def measure_kinds(rides: int, days: int) -> dict[str, Any]:
    """Build days of one size and count their rides by the kind injected and the kind given."""
    counts: Counter[tuple[str, str]] = Counter()
    for seed in range(1, days + 1):
        with tempfile.TemporaryDirectory() as folder:
            counts += built_kinds(Workplace(Path(folder)), rides, seed)
    return {
        "rides": rides,
        "days": days,
        "counts": [[*pair, count] for pair, count in sorted(counts.items())],
    }


def with_progress(measure: Callable[..., Any], days: int | Path, *arguments: Any) -> Any:
    """Measure days of one size or of a folder, and say so."""
    of = f"{days:,} rides" if isinstance(days, int) else days
    print(f"{measure.__name__}: {of}", flush=True)
    return measure(days, *arguments)


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", help="files of real rides, in which faults are planted"
    )
    parser.add_argument(
        "--taxis", default="real taxis", help="whose rides these are, for the page (%(default)s)"
    )
    parser.add_argument(
        "--largest", type=float, default=1e6, help="largest day, rides (default %(default)s)"
    )
    parser.add_argument(
        "--docs", type=Path, default=page.DOCS, help="where the results go (default docs)"
    )
    return parser.parse_args()


def main() -> None:
    """Measure, keep the figures, and make the page."""
    options = parsed_options()
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    sizes = {rides: days for rides, days in CLUSTERED_DAYS.items() if rides <= options.largest}
    rules = [
        row
        for rides, days in sizes.items()
        for row in with_progress(measure_recall, rides, days, settings)
    ]
    kinds = [with_progress(measure_kinds, rides, days) for rides, days in BUILT_DAYS.items()]
    names = ("eps", "min_samples", "min_samples_share")
    file = page.results_folder(options.docs) / "recall.json"
    results = {
        "machine": machine(),
        "command": "python benchmarks/recall.py",
        "settings": {**{name: settings[name] for name in names}, "log_eps": LOG_EPS},
        "rules": rules,
        "kinds": kinds,
    }
    if options.folder:
        real = with_progress(measure_real, options.folder, settings)
        results["real"] = {"taxis": options.taxis, **real}
    elif file.exists():
        results |= {"real": json.loads(file.read_text(encoding="utf-8")).get("real")}
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page.write(options.docs)


if __name__ == "__main__":
    main()
