{# What the day's files say for every window: its area or the whole city, the time from window_start to window_end.
   A ride that names no area is told what is known of any. #}
with windows as (
    select distinct
        area,
        window_start,
        window_end
    from {{ ref('int_ride_windows') }}
),

numbered_windows as (
    select
        *,
        row_number() over (order by area, window_start, window_end) as window_number
    from windows
),

-- news: of the whole day, whenever it appeared
news as (
    select
        windows.window_number,
        string_agg(news.text, E'\n' order by news.published_at nulls first, news.record_number) as news
    from numbered_windows as windows
    inner join {{ ref('stg_lake__news') }} as news
        on {{ concerns_area('news.area', 'windows.area') }}
    where news.text is not null
    group by windows.window_number
),

-- weather: the observation that is in force as the window starts and those within it; if there is none, the day's first
observations as (
    select
        windows.window_number,
        windows.window_start,
        windows.window_end,
        weather.observed_at,
        weather.record_number,
        weather.text,
        row_number() over (
            partition by windows.window_number, lower(weather.area), weather.observed_at <= windows.window_start
            order by weather.observed_at desc, weather.record_number desc
        ) as recency,
        row_number() over (
            partition by windows.window_number
            order by weather.observed_at, weather.record_number
        ) as place,
        min(weather.observed_at) over (partition by windows.window_number) as first_observed_at
    from numbered_windows as windows
    inner join {{ ref('stg_lake__weather') }} as weather
        on {{ concerns_area('weather.area', 'windows.area') }}
    where weather.text is not null
),

weather as (
    select
        window_number,
        string_agg(text, E'\n' order by observed_at, record_number) as weather
    from observations
    where
        (observed_at <= window_start and recency = 1)
        or (observed_at > window_start and observed_at < window_end)
        or (place = 1 and coalesce(first_observed_at >= window_end, true))
    group by window_number
),

-- traffic: the bulletins that overlap the window; one without a start or an end lasts from the day's or to the day's
traffic as (
    select
        windows.window_number,
        string_agg(traffic.text, E'\n' order by traffic.started_at nulls first, traffic.record_number) as traffic
    from numbered_windows as windows
    inner join {{ ref('stg_lake__traffic') }} as traffic
        on
            {{ concerns_area('traffic.area', 'windows.area') }}
            and coalesce(traffic.started_at, {{ day_start() }}) < windows.window_end
            and coalesce(traffic.ended_at, {{ day_end() }}) > windows.window_start
    where traffic.text is not null
    group by windows.window_number
)

select
    windows.area,
    windows.window_start,
    windows.window_end,
    news.news,
    weather.weather,
    traffic.traffic,
    {{ context_id('news.news', 'weather.weather', 'traffic.traffic') }} as context_id
from numbered_windows as windows
left join news on windows.window_number = news.window_number
left join weather on windows.window_number = weather.window_number
left join traffic on windows.window_number = traffic.window_number
