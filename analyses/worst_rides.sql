-- The twenty rides farthest from normal, the likely reason, and what was going on around them.
with rides as (
    select
        *,
        round(ride_dist, 2) as miles,
        round(ride_minutes) as minutes,
        round(distance_from_normal, 1) as standard_deviations
    from {{ ref('anomalous_rides') }}
)

select
    ride_id,
    ride_date,
    miles,
    minutes,
    anomaly_kind,
    standard_deviations,
    likely_reason,
    pickup_local,
    area,
    summary
from rides
qualify row_number() over (order by distance_from_normal desc nulls last, ride_date asc, ride_id asc) <= 20
order by standard_deviations desc nulls last, ride_date asc, ride_id asc
