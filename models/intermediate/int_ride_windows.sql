with rides as (
    select
        record_number,
        pickup_at,
        news,
        weather,
        traffic,
        lower(area) as area,
        pickup_at + to_microseconds((ride_time * 3600000000)::bigint) as dropoff_at
    from {{ ref('int_rides_cleaned') }}
),

-- whole periods counted from the day's first instant, so that many rides share a window
periods as (
    select
        *,
        to_minutes({{ var('context_minutes') }}) as period,
        {{ day_start() }} as day_start
    from rides
)

select
    record_number,
    area,
    news,
    weather,
    traffic,
    news is not null or weather is not null or traffic is not null as has_own_texts,
    coalesce(time_bucket(period, pickup_at, day_start), day_start) as window_start,
    coalesce(
        time_bucket(period, dropoff_at - interval 1 microsecond, day_start) + period,
        {{ day_end() }}
    ) as window_end
from periods
