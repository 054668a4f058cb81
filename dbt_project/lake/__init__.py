"""The lake: a folder or a bucket with a day's files.

Hands out the listing of a day, the check that its files are whole, connections that reach it, and
the way back for results. Knows nothing of what the files are read for, nor of a warehouse.
"""
