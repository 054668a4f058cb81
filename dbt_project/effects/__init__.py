"""Whether a circumstance goes with anomalies: compare rides with it and rides without it.

`ratio` compares two arrays of counts. `circumstances` does so for each category of a table of
counts. This package does not know the product's files, settings and databases.
"""
