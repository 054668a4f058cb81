"""What hangs on dbt itself: checks before a build, the working day, the closing lines.

dbt-duckdb loads `plugin`. Knows dbt and every room that a build needs; no other room knows it.
"""
