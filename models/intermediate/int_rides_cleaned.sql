with checked as (
    select * from {{ ref('int_rides_checked') }}
),

repeated as (
    select record_number from {{ ref('int_rides_repeated') }}
)

select
    checked.record_number,
    checked.ride_id,
    checked.ride_dist,
    checked.ride_time,
    checked.pickup_at,
    checked.is_pickup_unreadable,
    checked.area,
    checked.news,
    checked.weather,
    checked.traffic,
    checked.extra_fields
from checked
anti join repeated on checked.record_number = repeated.record_number
where checked.rejection_reason is null
