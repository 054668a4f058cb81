with source as (
    select * from {{ lake_records(source('lake', 'news')) }}
),

fields as (
    select
        *,
        row_number() over () as record_number,
        {{ json_text('record', 'published_at') }} as published_text,
        {{ json_prose("(record -> '$.text')") }} as text,
        {{ json_area('record') }} as area
    from source
),

timed as (
    select
        *,
        {{ to_instant('record', 'published_at', 'published_text', day='start') }} as published
    from fields
),

bounded as (
    select
        *,
        {{ within_the_years('published') }} as published_at
    from timed
)

select
    record_number,
    published_at,
    text,
    area,
    published_text is not null and published_at is null as is_time_unreadable
from bounded
