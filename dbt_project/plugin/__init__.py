"""What extends dbt: checks before a build, the working day, the closing lines.

dbt-duckdb loads `plugin`. This package may import dbt and all other packages that a build needs. No
other package imports it.
"""
