with windows as (
    select * from {{ ref('int_ride_windows') }}
),

contexts as (
    select * from {{ ref('int_contexts') }}
)

select
    windows.record_number,
    contexts.context_id
from windows
inner join contexts
    on
        contexts.context_id != {{ ride_date_sql() }}::varchar  -- the context of the whole day, which no ride has
        and windows.window_start = contexts.window_start
        and windows.window_end = contexts.window_end
        {%- for key in ['area_key', 'news', 'weather', 'traffic'] %}
        and windows.{{ key }} is not distinct from contexts.{{ key }}
        {%- endfor %}
