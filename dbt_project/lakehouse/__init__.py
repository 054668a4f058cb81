"""The lakehouse: one warehouse for many cities, machines and analysts.

Its tables are DuckLake's: rows in Parquet files, in a folder or a bucket, and a catalog in
PostgreSQL that says which of them count; in SQLite for trying it on one machine. Each city has a
schema with the same marts. A build works in files of its own, as it does without a lakehouse, and
what it has built and tested comes in with one transaction: readers see a whole day or none of it.
"""
