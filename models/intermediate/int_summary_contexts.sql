with contexts as (
    select * from {{ ref('int_contexts') }}
),

ride_contexts as (
    select *
    from {{ ref('ride_contexts') }}
    where ride_date = {{ run_date_sql() }} and anomalous_rides > 0
),

day_items as (
    select * from {{ ref('int_day_items') }}
),

of_rides as (
    select
        ride_contexts.context_id,
        ride_contexts.area,
        timezone('{{ var("time_zone") }}', ride_contexts.window_start) as window_start,
        timezone('{{ var("time_zone") }}', ride_contexts.window_end) as window_end,
        ride_contexts.news,
        ride_contexts.weather,
        ride_contexts.traffic,
        coalesce(contexts.news, contexts.weather, contexts.traffic) is not null as has_own_texts
    from ride_contexts
    inner join contexts on ride_contexts.context_id = contexts.context_id
),

of_the_day as (
    select
        {{ run_date_sql() }}::varchar as context_id,
        null as area,
        {{ run_date_sql() }}::timestamp as window_start,
        {{ run_date_sql() }}::timestamp + interval 1 day as window_end,
        {%- for kind in ['news', 'weather', 'traffic'] %}
        string_agg(text, e'\n' order by item_number) filter (kind = '{{ kind }}') as {{ kind }},
        {%- endfor %}
        false as has_own_texts
    from day_items
)

select * from of_rides
union all
select * from of_the_day
order by context_id
