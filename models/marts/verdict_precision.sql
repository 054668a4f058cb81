{#- Over the days up to the day: without later ones, when an earlier day is built again. -#}
with verdicts as (
    select *
    from {{ ref('ride_verdicts') }}
    where
        ride_date > {{ ride_date_sql() }} - interval '{{ var("effect_days") }} days'
        and ride_date <= {{ ride_date_sql() }}
),

judged as (
    select
        -- a ride was rightly called anomalous unless there was a good reason for what it did
        verdict != 'explained' as is_confirmed,
        -- it counts once for all, and once for each thing that was said of it
        unnest([
            { 'dimension': 'all', 'value': 'all' },
            { 'dimension': 'kind', 'value': anomaly_kind },
            { 'dimension': 'severity', 'value': severity },
            { 'dimension': 'reason', 'value': likely_reason }
        ]) as part
    from verdicts
),

parts as (
    select
        judged.is_confirmed,
        judged.part.dimension,
        judged.part.value
    from judged
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    dimension,
    value,
    count(*) as judged_rides,
    count(*) filter (is_confirmed) as confirmed_rides,
    count(*) filter (is_confirmed) / count(*) as confirmed_share
from parts
where value is not null
group by dimension, value
