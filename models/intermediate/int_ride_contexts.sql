with windows as (
    select * from {{ ref('int_ride_windows') }}
),

texts as (
    select * from {{ ref('int_window_texts') }}
),

-- a text that the ride carries itself stands before the day's files
applied as (
    select
        windows.record_number,
        texts.context_id as window_context_id,
        windows.news is not null or windows.weather is not null or windows.traffic is not null as has_own_texts,
        coalesce(windows.news, texts.news) as news,
        coalesce(windows.weather, texts.weather) as weather,
        coalesce(windows.traffic, texts.traffic) as traffic
    from windows
    inner join texts
        on
            windows.area is not distinct from texts.area
            and windows.window_start = texts.window_start
            and windows.window_end = texts.window_end
)

-- the texts are hashed once a window, and once a ride only for those that carry their own
select
    record_number,
    case
        when has_own_texts then {{ context_id('news', 'weather', 'traffic') }}
        else window_context_id
    end as context_id,
    news,
    weather,
    traffic
from applied
