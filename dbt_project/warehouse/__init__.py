"""The warehouse on one machine: its file, the lock of a build, the state of its days.

It has the published file (`file`), the lock (`lock`) and the state of each day (`days`). It does
not know the lakehouse.
"""
