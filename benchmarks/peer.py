"""The day as it is usually built with pandas, boto3 and scikit-learn: the peer of the benchmarks.

It reads ``taxi-rides-D.json`` from a bucket, drops what has no distance or time, labels the rides
with DBSCAN and writes ``clustered_data_D.json`` and ``clustered_summarized_D.json`` back. Its
summary is a constant, so that it is not charged for a language model, and the rides stay in memory
between its two steps, so that it is not charged for reading them again. It makes no context, no
tables and no tests.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import boto3
import pandas as pd
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler

FEATURES = ["ride_dist", "ride_time"]
SUMMARY = "Unusual by its distance and duration."


def read_rides(s3: Any, bucket: str, date: str) -> pd.DataFrame:
    """Read the day's rides that have a distance and a time."""
    body = s3.get_object(Bucket=bucket, Key=f"taxi-rides-{date}.json")["Body"].read()
    records = [record for record in json.loads(body) if isinstance(record, dict)]
    rides = pd.DataFrame(records)
    rides[FEATURES] = rides[FEATURES].apply(pd.to_numeric, errors="coerce")
    return rides.dropna(subset=FEATURES)


def write_rides(s3: Any, bucket: str, name: str, rides: pd.DataFrame) -> None:
    """Write rides as a JSON array of records."""
    s3.put_object(Bucket=bucket, Key=name, Body=rides.to_json(orient="records"))


def label(rides: pd.DataFrame) -> pd.DataFrame:
    """Label the rides by density; -1 is an anomaly."""
    features = StandardScaler().fit_transform(rides[FEATURES])
    return rides.assign(label=DBSCAN(eps=0.3, min_samples=10).fit_predict(features))


def summarise(rides: pd.DataFrame) -> pd.DataFrame:
    """Add a summary to the anomalous rides."""
    is_anomaly = rides["label"] == -1
    return rides.assign(is_anomaly=is_anomaly, summary=is_anomaly.map({True: SUMMARY, False: ""}))


def main() -> None:
    """Build a day."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--date", required=True, metavar="YYYYMMDD")
    options = parser.parse_args()
    s3 = boto3.client("s3")
    rides = label(read_rides(s3, options.bucket, options.date))
    write_rides(s3, options.bucket, f"clustered_data_{options.date}.json", rides)
    rides = summarise(rides)
    write_rides(s3, options.bucket, f"clustered_summarized_{options.date}.json", rides)


if __name__ == "__main__":
    main()
