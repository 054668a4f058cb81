with source as (
    select * from {{ lake_records(source('lake', 'news')) }}
),

fields as (
    select
        row_number() over () as record_number,
        {{ json_text('record', 'published_at') }} as published_at,
        {{ json_text('record', 'text') }} as text,
        {{ json_text('record', 'area') }} as area
    from source
)

select
    record_number,
    {{ to_instant('published_at') }} as published_at,
    text,
    area
from fields
