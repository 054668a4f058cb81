-- The twenty rides farthest from their day's average, and what was going on around them.
select
    ride_date,
    ride_id,
    anomaly_kind,
    pickup_local,
    area,
    summary,
    round(ride_dist, 2) as miles,
    round(ride_time * 60) as minutes,
    round(greatest(abs(ride_dist_standardized), abs(ride_time_standardized)), 1) as standard_deviations
from {{ ref('anomalous_rides') }}
qualify row_number() over (order by standard_deviations desc, ride_date asc, ride_id asc) <= 20
order by standard_deviations desc, ride_date asc, ride_id asc
