"""What the closing lines say."""

import duckdb

from dbt_project.plugin.closing_lines import first_rows


def test_the_first_rows_that_break_a_rule_are_told_rides_by_their_id() -> None:
    sql = (
        "select date '2023-05-01' as ride_date, -1.0 as ride_dist, range as record_number, "
        "'r' || range as ride_id from range(5) order by record_number;\n"
    )
    assert first_rows(duckdb.connect(), sql) == (
        "ride_id r0, record_number 0, ride_dist -1.0; "
        "ride_id r1, record_number 1, ride_dist -1.0; "
        "ride_id r2, record_number 2, ride_dist -1.0; ..."
    )
