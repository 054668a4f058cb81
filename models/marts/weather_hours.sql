with observations as (
    select *
    from {{ ref('int_items') }}
    where kind = 'weather'
),

hours as (
    select unnest(generate_series({{ day_start() }}, {{ day_end() }} - interval 1 hour, interval 1 hour)) as hour_start
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    hours.hour_start,
    timezone('{{ var("time_zone") }}', hours.hour_start) as hour_local,
    min(observations.area) as area,
    arg_min(observations.category, observations.relevance) filter (observations.is_notable) as category,
    string_agg(observations.text, e'\n' order by observations.starts_at nulls first, observations.record_number) as text
from hours
inner join observations
    on
        hours.hour_start + interval 1 hour > observations.holds_from
        and hours.hour_start < observations.holds_until
group by hours.hour_start, observations.area_key
