"""Measure which of the anomalies that a simulator injected are found, and what they are called.

Run ``python benchmarks/recall.py``. Days of several sizes and seeds are clustered with the rule of
``dbt_project.yml`` and with its ``min_samples`` alone, and a few are built with dbt for the kinds
that it gives. The figures go to ``docs/benchmarks/recall.json``, and the page is made anew from it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import page
import yaml
from measure import machine
from numpy.typing import NDArray
from workplace import DATE, ROOT, Workplace

sys.path.insert(0, str(ROOT))

from dbt_project.clustering.rides import cluster_rides, effective_min_samples
from dbt_project.simulate.rides import KINDS, NORMAL, RideModel, anomalies_of_a_day
from dbt_project.simulate.world import make_world

# How many days of each size: the seeds are 1, 2 and so on.
CLUSTERED_DAYS = {400: 40, 10_000: 20, 100_000: 8, 1_000_000: 3}
BUILT_DAYS = {400: 4, 10_000: 1}
COLUMNS = ("distance", "time", "kind")

Mask = NDArray[np.bool_]


@dataclass
class Tally:
    """Counts over days of one size, under one rule.

    Attributes
    ----------
    rides, flagged, flagged_rightly : int
        Rides, those labelled anomalous, and those of them that were injected.
    injected, found : numpy.ndarray of shape (4,)
        Anomalies of each kind, and those of them that were found.
    recalls : list of float
        Recall of each day.
    """

    rides: int = 0
    flagged: int = 0
    flagged_rightly: int = 0
    injected: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    found: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    recalls: list[float] = field(default_factory=list)

    def add(self, kind: NDArray[np.int64], is_flagged: Mask) -> None:
        """Count a day."""
        is_injected = kind != NORMAL
        self.rides += len(kind)
        self.flagged += int(is_flagged.sum())
        self.flagged_rightly += int((is_flagged & is_injected).sum())
        self.injected += np.bincount(kind[is_injected], minlength=len(KINDS))
        self.found += np.bincount(kind[is_injected & is_flagged], minlength=len(KINDS))
        self.recalls.append(float(is_flagged[is_injected].mean()))

    def figures(self) -> dict[str, Any]:
        """Return what is kept of it."""
        by_kind = (self.found / self.injected).tolist()
        return {
            "days": len(self.recalls),
            "recall": float(self.found.sum() / self.injected.sum()),
            "lowest_recall": min(self.recalls),
            "recall_by_kind": dict(zip(KINDS, by_kind, strict=True)),
            "precision": self.flagged_rightly / self.flagged,
            "flagged_share": self.flagged / self.rides,
        }


def simulated_day(rides: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return distances and times of the rides of a simulated day, and their injected kinds."""
    world = make_world(datetime.strptime(DATE, "%Y%m%d").date(), seed)
    chunks = list(RideModel(world, seed, rides, anomalies_of_a_day(rides)).chunks())
    columns = [np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in COLUMNS]
    return np.column_stack(columns[:2]), columns[2]


def measure_recall(rides: int, days: int, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Cluster days of one size with the rule and with a fixed `min_samples`."""
    eps, least = settings["eps"], settings["min_samples"]
    shares = {"share": settings["min_samples_share"], "fixed": 0.0}
    tallies = {rule: Tally() for rule in shares}
    for seed in range(1, days + 1):
        features, kind = simulated_day(rides, seed)
        for rule, share in shares.items():
            labels, *_ = cluster_rides(features, eps, least, share)
            tallies[rule].add(kind, labels == -1)
    return [
        {
            "rides": rides,
            "rule": rule,
            "min_samples": effective_min_samples(rides, least, shares[rule]),
            **tally.figures(),
        }
        for rule, tally in tallies.items()
    ]


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


def with_progress(measure: Callable[..., Any], rides: int, *arguments: Any) -> Any:
    """Measure days of one size, and say so."""
    print(f"{measure.__name__}: {rides:,} rides", flush=True)
    return measure(rides, *arguments)


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
    results = {
        "machine": machine(),
        "command": "python benchmarks/recall.py",
        "settings": {name: settings[name] for name in names},
        "rules": rules,
        "kinds": kinds,
    }
    file = page.results_folder(options.docs) / "recall.json"
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page.write(options.docs)


if __name__ == "__main__":
    main()
