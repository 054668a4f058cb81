"""Simulate a day of taxi rides in Glasgow, to try things and to measure what is found."""
