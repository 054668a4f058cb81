-- Which days were unlike those before them that are in the warehouse by now, in rides or in anomalies?
with days as (
    select
        ride_date,
        rides,
        anomalous_rides,
        anomalous_share,
        median(rides) over before as usual_rides,
        median(anomalous_share) over before as usual_share
    from {{ ref('daily_reports') }}
    window
        before as (
            order by ride_date
            range between interval {{ var('usual_days') }} days preceding and interval 1 day preceding
        )
)

select
    ride_date,
    rides,
    anomalous_rides,
    round(100 * (rides / usual_rides - 1), 1) as percent_above_usual_rides,
    round(100 * anomalous_share, 2) as anomalous_percent,
    round(100 * usual_share, 2) as usual_anomalous_percent
from days
order by ride_date
