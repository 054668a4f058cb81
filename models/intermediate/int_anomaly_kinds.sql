{# What is unusual about each anomalous ride, seen from the day's normal rides. #}
with rides as (
    select
        cleaned.record_number,
        cleaned.ride_dist,
        cleaned.ride_time,
        labelled.label = -1 as is_anomaly
    from {{ ref('int_rides_cleaned') }} as cleaned
    inner join {{ ref('int_rides_labelled') }} as labelled on cleaned.record_number = labelled.record_number
),

-- beyond the 99.5th percentile a normal ride is rare; the line is the time that goes with a distance
normal as (
    select
        count(*) as rides,
        quantile_disc(ride_dist, 0.995) as longest_dist,
        quantile_disc(ride_time, 0.995) as longest_time,
        regr_slope(ride_time, ride_dist) as hours_per_mile,
        regr_intercept(ride_time, ride_dist) as hours_at_start
    from rides
    where not is_anomaly
)

select
    rides.record_number,
    case
        when normal.rides = 0 then 'nothing to compare with'
        when rides.ride_dist < 0.1 then 'hardly moved'
        when rides.ride_dist > normal.longest_dist and rides.ride_time > normal.longest_time
            then 'long distance and time'
        when rides.ride_dist > normal.longest_dist then 'long distance'
        when rides.ride_time > normal.longest_time then 'long time'
        when rides.ride_time < normal.hours_at_start + normal.hours_per_mile * rides.ride_dist
            then 'quick for the distance'
        else 'slow for the distance'
    end as anomaly_kind
from rides
cross join normal
where rides.is_anomaly
