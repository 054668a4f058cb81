with windows as (
    select * from {{ ref('int_ride_windows') }}
),

texts as (
    select * from {{ ref('int_window_texts') }}
),

-- a text that a ride carries itself stands before the day's files
own_texts as (
    select
        coalesce(windows.news, texts.news) as news,
        coalesce(windows.weather, texts.weather) as weather,
        coalesce(windows.traffic, texts.traffic) as traffic
    from windows
    inner join texts
        on
            windows.area is not distinct from texts.area
            and windows.window_start = texts.window_start
            and windows.window_end = texts.window_end
    where windows.has_own_texts
),

contexts as (
    select
        context_id,
        news,
        weather,
        traffic
    from texts
    union all
    select
        {{ context_id('news', 'weather', 'traffic') }} as context_id,
        news,
        weather,
        traffic
    from own_texts
)

select
    context_id,
    any_value(news) as news,
    any_value(weather) as weather,
    any_value(traffic) as traffic
from contexts
group by context_id
