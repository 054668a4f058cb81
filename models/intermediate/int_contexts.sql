{#- more than any hour of a city has. The limit keeps a flood of news from filling every context -#}
{%- set most_items = 500 -%}

with windows as (
    select * from {{ ref('int_ride_windows') }}
),

items as (
    select * from {{ ref('int_items') }}
),

contexts as (
    select
        area_key,
        window_start,
        window_end,
        news,
        weather,
        traffic,
        min(area) as area,
        row_number() over () as context_number
    from windows
    group by area_key, window_start, window_end, news, weather, traffic
),

-- the places whose items concern a context: its area, and the whole city, whose name is blank here
places as (
    select
        *,
        unnest(case when area_key is null then [''] else [area_key, ''] end) as place
    from contexts
),

-- a text that a ride carries itself takes precedence over the day's files
items_of_contexts as (
    select
        places.context_number,
        items.item_id,
        items.relevance
    from places
    inner join items
        on
            places.place = coalesce(items.area_key, '')
            and places.window_end > items.holds_from
            and places.window_start < items.holds_until
    where
        not items.is_of_the_day
        and case items.kind
            when 'news' then places.news is null
            when 'weather' then places.weather is null
            else places.traffic is null
        end
),

item_lists as (
    select
        context_number,
        list(item_id order by relevance)[:{{ most_items }}] as item_ids
    from items_of_contexts
    group by context_number
),

-- the day as a whole is one more context; no ride has it
day_items as (
    select list(item_id order by relevance) as item_ids
    from items
    where is_of_the_day
)

select
    contexts.area,
    contexts.area_key,
    contexts.window_start,
    contexts.window_end,
    contexts.news,
    contexts.weather,
    contexts.traffic,
    coalesce(item_lists.item_ids, []) as item_ids,
    md5(concat_ws(
        e'\x1f', contexts.area_key, '|', epoch_us(contexts.window_start), epoch_us(contexts.window_end),
        array_to_string(item_lists.item_ids, ','), '|', contexts.news, '|', contexts.weather, '|', contexts.traffic
    )) as context_id
from contexts
left join item_lists on contexts.context_number = item_lists.context_number
union all
select
    null as area,
    null as area_key,
    {{ day_start() }} as window_start,
    {{ day_end() }} as window_end,
    null as news,
    null as weather,
    null as traffic,
    coalesce(item_ids, []) as item_ids,
    {{ ride_date_sql() }}::varchar as context_id
from day_items
