with windows as (
    select * from {{ ref('int_ride_windows') }}
),

texts as (
    select * from {{ ref('int_window_texts') }}
)

-- texts are hashed once a window, and once a ride only for those that carry some of their own
select
    windows.record_number,
    case
        when windows.has_own_texts
            then {{ context_id(
                'coalesce(windows.news, texts.news)',
                'coalesce(windows.weather, texts.weather)',
                'coalesce(windows.traffic, texts.traffic)'
            ) }}
        else texts.context_id
    end as context_id
from windows
inner join texts
    on
        windows.area is not distinct from texts.area
        and windows.window_start = texts.window_start
        and windows.window_end = texts.window_end
