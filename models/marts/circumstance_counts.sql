{#- microseconds, because arithmetic on instants goes through a calendar and costs several times as much -#}
{%- set hour = 60 * 60 * 1000000 -%}
{#- the most areas of a day, those with the most rides. The limit matters if areas are addresses -#}
{%- set most_areas = 300 -%}

with rides as (
    select
        context_id,
        is_anomaly,
        (epoch_us(pickup_at) - epoch_us({{ day_start() }})) // {{ hour }} as hour_number
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and pickup_at >= {{ day_start() }} and pickup_at < {{ day_end() }}
),

contexts as (
    select * from {{ ref('int_contexts') }}
),

items as (
    select
        *,
        coalesce(starts_at, {{ day_start() }}) as holds_from,
        coalesce(ends_at, {{ day_end() }}) as holds_until
    from {{ ref('int_context_items') }}
    where is_notable
),

announcements as (
    select item_id
    from {{ ref('int_items') }}
    where is_announcement
),

counts as (
    select
        context_id,
        {{ day_start() }} + to_hours(hour_number) as hour_start,
        count(*) as rides,
        count(*) filter (is_anomaly) as anomalous_rides
    from rides
    group by context_id, hour_number
),

areas as (
    select contexts.area_key
    from counts
    inner join contexts on counts.context_id = contexts.context_id
    group by contexts.area_key
    order by sum(counts.rides) desc, contexts.area_key asc
    limit {{ most_areas }}
),

-- rows without a category count all rides
all_rides as (
    select
        counts.*,
        areas.area_key,
        null::varchar as category
    from counts
    inner join contexts on counts.context_id = contexts.context_id
    left join areas on contexts.area_key = areas.area_key
),

-- what is told once for the day concerns all rides; its context is the date
with_the_day as (
    select
        * exclude (category),
        unnest([context_id, {{ ride_date_sql() }}::varchar]) as context_of_items
    from all_rides
),

-- only what held in the hour of the pickup, and not later on the way: a long ride meets more, whether or not that made
-- it long. What a headline announces belongs to another hour than the headline
rides_with as (
    select distinct
        with_the_day.context_id,
        with_the_day.hour_start,
        with_the_day.rides,
        with_the_day.anomalous_rides,
        with_the_day.area_key,
        items.category
    from with_the_day
    inner join items
        on
            with_the_day.context_of_items = items.context_id
            and with_the_day.hour_start + interval 1 hour > items.holds_from
            and with_the_day.hour_start < items.holds_until
    anti join announcements on items.item_id = announcements.item_id
),

with_and_all as (
    select * from all_rides
    union all
    select * from rides_with
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    hour_start,
    timezone('{{ var("time_zone") }}', hour_start) as hour_local,
    area_key,
    category,
    sum(rides)::bigint as rides,
    sum(anomalous_rides)::bigint as anomalous_rides
from with_and_all
group by hour_start, area_key, category
