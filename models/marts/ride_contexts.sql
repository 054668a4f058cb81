{#- the most characters of a text. ride_circumstances has all of it -#}
{%- set longest_text = 24000 -%}

with contexts as (
    select * from {{ ref('int_contexts') }}
),

items as (
    select
        *,
        sum(length(text) + 1) over (
            partition by context_id, kind
            order by item_number
            rows unbounded preceding
        ) as characters
    from {{ ref('int_context_items') }}
    where record_number is not null
),

ride_contexts as (
    select * from {{ ref('int_ride_contexts') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

texts as (
    select
        context_id,
    {%- for kind in ['news', 'weather', 'traffic'] %}
    string_agg(text, e'\n' order by starts_at nulls first, record_number) filter (kind = '{{ kind }}') as {{ kind }}
    {{- ',' if not loop.last }}
    {%- endfor %}
    from items
    where characters <= {{ longest_text }}
    group by context_id
),

counts as (
    select
        ride_contexts.context_id,
        count(*) as rides,
        count(*) filter (labelled.label = -1) as anomalous_rides
    from ride_contexts
    inner join labelled on ride_contexts.record_number = labelled.record_number
    group by ride_contexts.context_id
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    contexts.context_id,
    contexts.area,
    contexts.window_start,
    contexts.window_end,
    coalesce(contexts.news, texts.news) as news,
    coalesce(contexts.weather, texts.weather) as weather,
    coalesce(contexts.traffic, texts.traffic) as traffic,
    counts.rides,
    counts.anomalous_rides
from contexts
inner join counts on contexts.context_id = counts.context_id
left join texts on contexts.context_id = texts.context_id
