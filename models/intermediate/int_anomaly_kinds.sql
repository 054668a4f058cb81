{# What is unusual about each anomalous ride, compared with the day's normal rides. #}
with cleaned as (
    select * from {{ ref('int_rides_cleaned') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

normal as (
    select * from {{ ref('int_normal_range') }}
),

anomalies as (
    select
        cleaned.record_number,
        cleaned.ride_dist,
        cleaned.ride_time
    from cleaned
    inner join labelled on cleaned.record_number = labelled.record_number
    where labelled.label = -1
)

select
    anomalies.record_number,
    case
        when normal.rides = 0 then 'nothing to compare with'
        when anomalies.ride_dist < normal.hardly_moved_miles then 'hardly moved'
        when anomalies.ride_dist > normal.long_ride_miles and anomalies.ride_time > normal.long_ride_hours
            then 'long distance and time'
        when anomalies.ride_dist > normal.long_ride_miles then 'long distance'
        when anomalies.ride_time > normal.long_ride_hours then 'long time'
        when anomalies.ride_time < normal.hours_at_start + normal.hours_per_mile * anomalies.ride_dist
            then 'quick for the distance'
        else 'slow for the distance'
    end as anomaly_kind
from anomalies
cross join normal
