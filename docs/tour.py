# %% [markdown]
# # A tour of the published warehouse
#
# A notebook as plain Python: VS Code, PyCharm and Jupyter with Jupytext open its cells, and
# `python docs/tour.py` runs it from the top. It reads `warehouse/taxi.duckdb`, or the file of that
# name in `WAREHOUSE_DIR`, and leaves `tour.png` in the folder in which it is run.

# %%
import os
from pathlib import Path

import duckdb
import matplotlib

matplotlib.use("Agg")  # draws into files; leave it out to see plots in a notebook
import matplotlib.pyplot as plt

warehouse = Path(os.environ.get("WAREHOUSE_DIR", "warehouse")) / "taxi.duckdb"
taxi = duckdb.connect(str(warehouse), read_only=True)

# %% [markdown]
# Read-only connections are many at once, and a build does not disturb them: it swaps the file, and
# who has the old one open goes on reading it. Connect anew to see the new day.
#
# ## What is there
#
# Every table and column is described in the database itself.

# %%
tables = taxi.sql("select table_name, comment from duckdb_tables()")
for name, comment in tables.fetchall():
    print(f"{name}: {comment}")

# %%
columns = taxi.sql("select column_name, comment from duckdb_columns() where table_name = 'rides'")
for name, comment in columns.fetchall():
    print(f"{name}: {comment}")

# %% [markdown]
# ## A day in figures
#
# `daily_reports` has a row a day: the place to start, and to see what was missing.

# %%
days = taxi.sql("from daily_reports order by ride_date").df()
print(days[["ride_date", "rides", "anomalous_rides", "anomalous_share", "warnings"]])

# %% [markdown]
# ## From SQL to pandas and back
#
# A query becomes a data frame with `.df()`, and a data frame is a table of the next query.

# %%
last_day = days["ride_date"].max()
day = taxi.execute(
    "select ride_id, area, ride_dist, ride_time, is_anomaly from rides where ride_date = ?",
    [last_day],
).df()
day["minutes_per_mile"] = 60 * day["ride_time"] / day["ride_dist"]
by_area = taxi.sql(
    """
    select
        area,
        count(*) as rides,
        count(*) filter (is_anomaly) as anomalous_rides,
        round(median(minutes_per_mile), 1) as minutes_per_mile
    from day  -- the data frame
    group by all
    order by anomalous_rides desc, rides desc
    """
).df()
print(by_area.to_string(index=False))

# %% [markdown]
# ## What was going on
#
# `anomalous_rides` carries the circumstances of each ride and a summary of them.

# %%
worst = taxi.execute(
    """
    select ride_id, anomaly_kind, ride_dist, ride_time * 60 as minutes, summary
    from anomalous_rides
    where ride_date = ?
    order by greatest(abs(ride_dist_standardized), abs(ride_time_standardized)) desc
    limit 3
    """,
    [last_day],
).df()
for ride in worst.itertuples():
    print(f"{ride.ride_id}: {ride.anomaly_kind}, {ride.ride_dist} miles, {ride.minutes:.0f} min")
    print(f"    {ride.summary}")

# %% [markdown]
# ## A plot
#
# The distance and the time of every ride: what DBSCAN saw.

# %%
figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
for is_anomaly, group in day.groupby("is_anomaly"):
    mark = {"marker": "x", "color": "tab:red"} if is_anomaly else {"marker": ".", "alpha": 0.4}
    axes.scatter(
        group["ride_dist"],
        60 * group["ride_time"],
        label="anomalous" if is_anomaly else "normal",
        **mark,
    )
axes.set(xlabel="distance, miles", ylabel="time, minutes", title=f"Rides of {last_day:%Y-%m-%d}")
axes.legend()
figure.savefig("tour.png", dpi=120)

# %%
taxi.close()
