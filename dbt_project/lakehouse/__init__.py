"""The lakehouse: one warehouse for many cities, machines and analysts.

Its tables are DuckLake's: the rows are in Parquet files in a folder or a bucket, and a catalog says
which of the files count. The catalog is in PostgreSQL, or in SQLite to try it on one machine. Each
city has a schema with the same marts. A build works in its own files, as without a lakehouse. Then
one transaction publishes the tested day: readers see the whole new day or the whole old one.
"""
