"""The warehouse on one machine: its file, the lock of a build, the state of its days.

Hands out the published file (`file`), the lock (`lock`) and what is known of each day (`days`).
Knows nothing of the lakehouse.
"""
