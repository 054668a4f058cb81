"""The Python package behind the daily taxi-ride anomaly warehouse."""
