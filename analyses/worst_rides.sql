-- The twenty rides farthest from normal, the likely reason, and what was going on around them.
with rounded as (
    select
        *,
        round(ride_dist, 2) as miles,
        round(ride_minutes) as minutes,
        round(expected_minutes) as usual_minutes,
        round(mph, 1) as miles_per_hour,
        round(distance_from_normal, 1) as standard_deviations
    from {{ ref('anomalous_rides') }}
    qualify row_number() over (order by distance_from_normal desc nulls last, ride_date asc, ride_id asc) <= 20
)

select
    ride_date,
    ride_id,
    miles,
    minutes,
    usual_minutes,
    miles_per_hour,
    standard_deviations,
    likely_reason,
    pickup_local,
    area,
    summary
from rounded
order by standard_deviations desc nulls last, ride_date asc, ride_id asc
