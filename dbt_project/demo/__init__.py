"""Demonstrations on one machine: a local Airflow, and a lakehouse with two workers.

They start and stop servers of packages that only tests install. Nothing else needs this room.
"""
