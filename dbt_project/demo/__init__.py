"""Demonstrations on one machine: a local Airflow, and a lakehouse with two workers.

They start and stop servers from packages that only tests install. No other package needs this one.
"""
