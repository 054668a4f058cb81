{%- set period = (var('context_minutes') | int) * 60 * 1000000 -%}

with cleaned as (
    select * from {{ ref('int_rides_cleaned') }}
),

-- microseconds since the day's first instant, because arithmetic on instants goes through a calendar and costs several
-- times as much
day as (
    select epoch_us({{ day_start() }}) as start_us
),

rides as (
    select
        cleaned.record_number,
        cleaned.news,
        cleaned.weather,
        cleaned.traffic,
        day.start_us,
        cleaned.area,
        {{ area_key('cleaned.area') }} as area_key,
        epoch_us(cleaned.pickup_at) - day.start_us as pickup_us,
        epoch_us(cleaned.pickup_at) - day.start_us + (cleaned.ride_time * 3600000000)::bigint as dropoff_us
    from cleaned
    cross join day
),

-- whole periods, from the one in which the ride starts to the one in which it ends, so that many rides share a window
periods as (
    select
        *,
        floor(pickup_us / {{ period }})::bigint as first_period,
        ceil(dropoff_us / {{ period }})::bigint as end_period
    from rides
)

select
    record_number,
    area,
    area_key,
    news,
    weather,
    traffic,
    coalesce(make_timestamptz(start_us + first_period * {{ period }}), {{ day_start() }}) as window_start,
    coalesce(make_timestamptz(start_us + end_period * {{ period }}), {{ day_end() }}) as window_end
from periods
