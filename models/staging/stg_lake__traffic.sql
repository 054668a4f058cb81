with source as (
    select * from {{ lake_records(source('lake', 'traffic')) }}
),

fields as (
    select
        *,
        row_number() over () as record_number,
        {{ json_text('record', 'started_at') }} as started_text,
        {{ json_text('record', 'observed_at') }} as observed_text,
        {{ json_text('record', 'ended_at') }} as ended_text,
        {{ json_prose("(record -> '$.text')") }} as text,
        {{ json_area('record') }} as area
    from source
),

timed as (
    select
        *,
        {{ to_instant('record', 'started_at', 'started_text', day='start') }} as started,
        {{ to_instant('record', 'observed_at', 'observed_text', day='start') }} as observed,
        {{ to_instant('record', 'ended_at', 'ended_text', day='end') }} as ended
    from fields
),

bounded as (
    select
        * replace (
            {{ within_the_years('started') }} as started,
            {{ within_the_years('observed') }} as observed,
            {{ within_the_years('ended') }} as ended
        )
    from timed
)

select
    record_number,
    ended as ended_at,
    text,
    area,
    coalesce(started, observed) as started_at,
    (started_text is not null and started is null)
    or (observed_text is not null and observed is null)
    or (ended_text is not null and ended is null) as is_time_unreadable
from bounded
