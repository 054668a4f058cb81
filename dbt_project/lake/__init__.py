"""The lake: a folder or a bucket with a day's files.

This package lists a day's files, checks that they are whole, connects DuckDB to the lake, and
delivers results. It does not know what the files are read for, and knows no warehouse.
"""
