{{ config(post_hook='{{ stop_at_too_many_rejected(this) }}') }}

with checked as (
    select * from {{ ref('int_rides_checked') }}
),

usable as (
    select
        record_number,
        ride_id
    from checked
    where rejection_reason is null
),

repeated_ids as (
    select
        ride_id,
        min(record_number) as first_record_number
    from usable
    group by ride_id
    having count(*) > 1
)

select usable.record_number
from usable
inner join repeated_ids on usable.ride_id = repeated_ids.ride_id
where usable.record_number != repeated_ids.first_record_number
