"""A lake of a test's own, read by the product's SQL as a build has compiled it.

A build takes seconds; this takes milliseconds, and leaves out dbt.
"""

import datetime
from pathlib import Path
from typing import Any

import duckdb
from support.workplace import Workplace

from dbt_project.lake.check import check_files
from dbt_project.lake.files import files_sql, list_day
from dbt_project.lake.lines import malformed_lines
from dbt_project.settings.lake_url import LakeUrl

DATE = "20230501"
RIDES = f"taxi-rides-{DATE}.json"
GOOD = {"ride_id": "good", "ride_dist": 1, "ride_time": 1}
MALFORMED_LINES = "staging.staging.stg_lake__malformed_lines"
# in the order in which a build makes them
MODELS = {
    "staging": [
        "stg_lake__news",
        "stg_lake__weather",
        "stg_lake__traffic",
        "stg_lake__ride_records",
        "stg_lake__rides",
    ],
    "intermediate": [
        "int_rides_checked",
        "int_rides_repeated",
        "int_rides_cleaned",
        "int_rides_rejected",
    ],
}
EXPORTS = ("clustered_data", "clustered_summarized")


class StagedLake:
    """A file of each kind, and the product's SQL over them."""

    def __init__(self, workplace: Workplace) -> None:
        """Build once, so that there is SQL to run."""
        self.folder = workplace.lake
        workplace.write(RIDES, [GOOD])
        for kind in ("news", "weather", "traffic"):
            workplace.write(f"{kind}-{DATE}.json", [{"text": "Rain."}])
        workplace.build_day(DATE)
        compiled = workplace.folder / "target" / "compiled" / "etml" / "models"
        self.connection = duckdb.connect()
        self.connection.execute("ATTACH ':memory:' AS staging")
        self.connection.execute("ATTACH ':memory:' AS build")
        for schema in MODELS:
            self.connection.execute(f"CREATE SCHEMA staging.{schema}")
        self.models = {
            f"staging.{schema}.{name}": (compiled / schema / f"{name}.sql").read_text()
            for schema, names in MODELS.items()
            for name in names
        }
        self.exports = {
            name: (compiled / "exports" / f"{name}.sql").read_text() for name in EXPORTS
        }

    def read(self, content: str | bytes, file: str = RIDES) -> None:
        """Write a file, and make of the lake what a build makes."""
        (self.folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
        lake = LakeUrl.parse(str(self.folder))
        day = list_day(self.connection, lake, datetime.date(2023, 5, 1))
        files = check_files(self.connection, day)
        self.connection.execute(f"SET VARIABLE lake_files = {files_sql(files)}")
        formats = {Path(found.path).name: found.format for found in files}
        for name, sql in self.models.items():
            if name.endswith("int_rides_checked"):
                self._read_malformed_lines()
            for found, read_as in formats.items():
                if found in sql:
                    sql = sql.replace("format = 'array'", f"format = '{read_as}'")
            self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")
        self._label()

    def _read_malformed_lines(self) -> None:
        records = self.connection.table("staging.staging.stg_lake__ride_records")
        lines = malformed_lines(self.connection, records)
        self.connection.register("lines", lines)
        self.connection.execute(f"CREATE OR REPLACE TABLE {MALFORMED_LINES} AS FROM lines")

    def _label(self) -> None:
        """Make of every usable record a ride, as clustering does, all of one cluster."""
        self.connection.execute(
            "CREATE OR REPLACE TABLE build.main.rides AS SELECT *, 7 AS label, "
            "date '2023-05-01' AS ride_date FROM staging.intermediate.int_rides_cleaned"
        )
        self.connection.execute(
            "CREATE OR REPLACE TABLE build.main.anomalous_rides AS SELECT *, '' AS anomaly_kind, "
            "'' AS summary, '' AS summary_status, '' AS summary_source, '' AS summary_model "
            "FROM build.main.rides WHERE false"
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def exported(self, name: str = "clustered_data") -> list[str]:
        """The text of the records of an export."""
        return [text for (text,) in self.query(self.exports[name])]

    def rejected(self) -> list[tuple[Any, ...]]:
        return self.query(
            "SELECT record_number, reason, record FROM staging.intermediate.int_rides_rejected "
            "ORDER BY record_number"
        )
