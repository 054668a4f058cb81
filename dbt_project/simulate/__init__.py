"""A simulated day of taxi rides in Glasgow, for trying things and for measuring what is found."""
