"""Whether a circumstance goes with anomalies: rides with it against rides without it.

`ratio` compares the two by arrays of counts, `circumstances` does it for each category of a table
of counts. Knows nothing of the product: no file, no setting, no database.
"""
