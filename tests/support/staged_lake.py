"""A lake of a test's own, read by the product's SQL as a build has compiled it.

A build takes seconds; this takes milliseconds, and leaves out dbt.
"""

import datetime
import json
from pathlib import Path
from typing import Any

import duckdb
from support.workplace import Build

from dbt_project.lake.check import check_files
from dbt_project.lake.files import FILE_KINDS, RIDES, files_sql, list_day
from dbt_project.lake.lines import malformed_lines
from dbt_project.settings.lake_url import LakeUrl

DATE = "20230501"
GOOD = {"ride_id": "good", "ride_dist": 1, "ride_time": 1}
SCHEMAS = ("staging", "intermediate")
# What is made of the files of a kind, in the order in which a build makes it.
MODELS = {
    RIDES: [
        "staging.stg_lake__ride_records",
        "staging.stg_lake__rides",
        "intermediate.int_rides_checked",
        "intermediate.int_rides_repeated",
        "intermediate.int_rides_cleaned",
        "intermediate.int_rides_rejected",
    ],
    **{
        kind: [f"staging.stg_lake__{kind.replace('-', '_')}"]
        for kind in FILE_KINDS
        if kind != RIDES
    },
}


class StagedLake:
    """A file of each kind, and the product's SQL over them."""

    def __init__(self, folder: Path, embedded_day: Build) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        for database in ("staging", "build"):
            self.connection.execute(f"ATTACH ':memory:' AS {database}")
        for schema in SCHEMAS:
            self.connection.execute(f"CREATE SCHEMA staging.{schema}")
        self._copy_columns(embedded_day.warehouse / "build.duckdb", "rides", "anomalous_rides")
        self._lake_of_build = embedded_day.lake
        self._compiled = embedded_day.lake.parent / "target" / "compiled" / "etml" / "models"

    def read(self, content: str | bytes, kind: str = RIDES) -> None:
        """Write the file of a kind, and make of it what a build makes."""
        self._write(RIDES, json.dumps([GOOD]).encode())
        self._write(kind, content.encode() if isinstance(content, str) else content)
        day = list_day(self.connection, LakeUrl.parse(str(self.folder)), datetime.date(2023, 5, 1))
        files = check_files(self.connection, day)
        self.connection.execute(f"SET VARIABLE lake_files = {files_sql(files)}")
        formats = [file.format for file in files if file.kind == kind]
        for name in MODELS[kind]:
            sql = self._sql(name)
            if formats:
                sql = sql.replace("format = 'array'", f"format = '{formats[0]}'")
            self.connection.execute(f"CREATE OR REPLACE TABLE staging.{name} AS {sql}")
            if name.endswith("ride_records"):
                self._read_malformed_lines()
        if kind == RIDES:
            self._label()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def exported(self, name: str = "clustered_data") -> list[str]:
        """The text of the records of an export."""
        return [text for (text,) in self.query(self._sql(f"exports.{name}"))]

    def rejected(self) -> list[tuple[Any, ...]]:
        """Number, reason and text of the rejected records."""
        return self.query(
            "SELECT record_number, reason, record FROM staging.intermediate.int_rides_rejected "
            "ORDER BY record_number"
        )

    def _write(self, kind: str, content: bytes) -> None:
        (self.folder / f"{kind}-{DATE}.json").write_bytes(content)

    def _sql(self, model: str) -> str:
        sql = (self._compiled / f"{model.replace('.', '/')}.sql").read_text()
        return sql.replace(str(self._lake_of_build), str(self.folder))

    def _copy_columns(self, warehouse: Path, *marts: str) -> None:
        self.connection.execute(f"ATTACH '{warehouse}' AS built (READ_ONLY)")
        for mart in marts:
            self.connection.execute(
                f"CREATE TABLE build.main.{mart} AS FROM built.main.{mart} WHERE false"
            )
        self.connection.execute("DETACH built")

    def _read_malformed_lines(self) -> None:
        records = self.connection.table("staging.staging.stg_lake__ride_records")
        self.connection.register("lines", malformed_lines(self.connection, records))
        self.connection.execute(
            "CREATE OR REPLACE TABLE staging.staging.stg_lake__malformed_lines AS FROM lines"
        )

    def _label(self) -> None:
        """Make of every usable record a ride, as clustering does, all of one cluster."""
        self.connection.execute(
            "DELETE FROM build.main.rides; "
            "INSERT INTO build.main.rides BY NAME SELECT record_number, ride_id, 7 AS label, "
            "date '2023-05-01' AS ride_date, 1.0 AS ride_minutes, 1.0 AS mph "
            "FROM staging.intermediate.int_rides_cleaned"
        )
