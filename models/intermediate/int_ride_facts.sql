{# How far from normal each anomalous ride is, and what likely made it so: the rules of severity and likely_reason. #}
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

-- on the line of the normal rides; short of it what the shortest of them take
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

-- of what was notable there and then the most relevant; one that belongs to no kind comes last
circumstances as (
    select
        context_id,
        arg_min(category, (category = 'other', item_number)) as category
    from items
    where is_notable
    group by context_id
),

compared as (
    select
        rides.record_number,
        rides.ride_minutes,
        rides.mph,
        rides.distance_from_normal,
        rides.anomaly_kind,
        expected.expected_minutes,
        circumstances.category,
        rides.ride_minutes / expected.expected_minutes as times_expected
    from rides
    inner join expected on rides.record_number = expected.record_number
    left join circumstances on rides.context_id = circumstances.context_id
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
        when
            times_expected >= {{ var('slow_times') }}
            and ride_minutes <= 60 * {{ var('longest_delay_hours') }}
            and category is not null
            then 'delayed: ' || category
        when times_expected >= {{ var('slow_times') }} and mph < {{ var('hardly_moving_mph') }}
            then 'hardly moved: meter left running'
        when times_expected < {{ var('slow_times') }} and starts_with(anomaly_kind, 'long distance')
            then 'far out of the usual area'
        else 'unexplained'
    end as likely_reason
from compared
