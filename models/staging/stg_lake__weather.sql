with source as (
    select * from {{ lake_records(source('lake', 'weather')) }}
),

fields as (
    select
        *,
        row_number() over () as record_number,
        {{ json_text('record', 'observed_at') }} as observed_text,
        {{ json_prose("(record -> '$.text')") }} as text,
        {{ json_area('record') }} as area
    from source
),

timed as (
    select
        *,
        {{ to_instant('record', 'observed_at', 'observed_text', day='start') }} as observed
    from fields
),

bounded as (
    select
        *,
        {{ within_the_years('observed') }} as observed_at
    from timed
)

-- an observation without a time cannot be given to the right rides, so the report's warnings count it
select
    record_number,
    observed_at,
    text,
    area,
    observed_at is null as is_time_unreadable
from bounded
