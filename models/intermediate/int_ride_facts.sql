{# How far from normal each anomalous ride is, and what likely made it so. The rules of severity and likely_reason. #}
{#- how long the jam of a closure, a collision or a crowd lasts after its cause has ended -#}
{%- set queue_minutes = 120 %}
with rides as (
    select *
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and is_anomaly
),

corners as (
    select * from {{ ref('int_expected_minutes') }}
),

items as (
    select * from {{ ref('int_context_items') }}
),

shortest as (
    select min(minutes) as minutes
    from corners
),

-- on the line of the normal rides. A ride shorter than the first group gets what that group takes
expected as (
    select
        rides.record_number,
        coalesce(
            corners.minutes + (rides.ride_dist - corners.ride_dist) * corners.minutes_per_mile,
            shortest.minutes
        ) as expected_minutes
    from rides
    asof left join corners on rides.ride_dist >= corners.ride_dist
    cross join shortest
),

compared as (
    select
        rides.record_number,
        rides.ride_minutes,
        rides.mph,
        rides.distance_from_normal,
        rides.anomaly_kind,
        rides.context_id,
        rides.pickup_at,
        expected.expected_minutes,
        rides.pickup_at + to_seconds(60 * rides.ride_minutes) as dropoff_at,
        rides.ride_minutes / expected.expected_minutes as times_expected
    from rides
    inner join expected on rides.record_number = expected.record_number
),

slow_rides as (
    select
        *,
        pickup_at + to_seconds(60 * {{ var('slow_times') }} * expected_minutes) as slow_at
    from compared
    where times_expected >= {{ var('slow_times') }} and ride_minutes <= 60 * {{ var('longest_delay_hours') }}
),

-- An item may have delayed a ride if it, or its jam, held while the ride should have been under way. Weather and
-- roadworks slow all rides a little and delay none for long. An item of no kind counts only if it is a bulletin of the
-- ride's area.
possible_delays as (
    select
        slow_rides.record_number,
        slow_rides.ride_minutes,
        items.category,
        items.item_number,
        items.record_number is null as is_own,  -- a text that the ride carries itself
        slow_rides.ride_minutes - slow_rides.expected_minutes as minutes_lost,
        greatest(slow_rides.pickup_at, items.starts_at) as held_from,  -- greatest() ignores NULL
        least(
            slow_rides.dropoff_at,
            items.ends_at + to_minutes(
                case when items.category in ('closure', 'collision', 'event') then {{ queue_minutes }} else 0 end
            )
        ) as held_until
    from slow_rides
    inner join items on slow_rides.context_id = items.context_id
    where
        items.is_notable
        and (
            items.record_number is null
            or (
                coalesce(items.starts_at, items.ends_at) is not null
                and coalesce(items.starts_at < slow_rides.slow_at, true)
                and coalesce(items.ends_at > slow_rides.pickup_at, true)
                and slow_rides.pickup_at is not null
            )
        )
        and case
            when items.category = 'other'
                then items.kind = 'traffic' and (items.area is not null or items.record_number is null)
            when items.category in ('rain', 'wind', 'fog', 'snow and ice', 'roadworks')
                then slow_rides.times_expected <= {{ var('slowed_times') }}
            else true
        end
),

-- the categories whose hours and jams cover most of the lost time
likely_delays as (
    select
        record_number,
        category,
        min(item_number) as item_number
    from possible_delays
    group by record_number, category, minutes_lost
    having sum(case when is_own then ride_minutes else epoch(held_until - held_from) / 60 end) >= minutes_lost / 2
),

-- of several categories the one with the most relevant item; `other` comes last
delays as (
    select
        record_number,
        arg_min(category, (category = 'other', item_number)) as category
    from likely_delays
    group by record_number
),

explained as (
    select
        compared.*,
        delays.category as delay
    from compared
    left join delays on compared.record_number = delays.record_number
)

select
    record_number,
    ride_minutes,
    mph,
    expected_minutes,
    times_expected,
    distance_from_normal,
    case
        when distance_from_normal < {{ var('eps') }} + {{ var('severity_clear') }} then 'just outside'
        when distance_from_normal < {{ var('eps') }} + {{ var('severity_extreme') }} then 'clear'
        when distance_from_normal is not null then 'extreme'
    end as severity,
    case
        when mph > {{ var('impossible_mph') }} then 'impossible speed: meter or GPS fault'
        when times_expected >= {{ var('slow_times') }} and anomaly_kind = 'hardly moved'
            then 'hardly moved: meter left running'
        when delay is not null then 'delayed: ' || delay
        when times_expected >= {{ var('slow_times') }} and mph < {{ var('hardly_moving_mph') }}
            then 'hardly moved: meter left running'
        when times_expected < {{ var('slow_times') }} and starts_with(anomaly_kind, 'long distance')
            then 'far out of the usual area'
        else 'unexplained'
    end as likely_reason
from explained
