with source as (
    select * from {{ lake_records(source('lake', 'ride-verdicts')) }}
),

fields as (
    select
        source_file,
        record,
        row_number() over () as record_number,
        {{ json_text('record', 'ride_id') }} as ride_id,
        lower({{ json_text('record', 'verdict') }}) as verdict,
        {{ json_text('record', 'note') }} as note,
        {{ json_text('record', 'by') }} as judged_by,
        {{ json_text('record', 'at') }} as at_text,
        coalesce(json_type(record) = 'OBJECT', false) as is_object
    from source
),

timed as (
    select
        *,
        {{ to_instant('record', 'at', 'at_text', day='start') }} as judged
    from fields
)

select
    record_number,
    source_file,
    record::varchar as record,
    is_object,
    ride_id,
    verdict,
    note,
    judged_by,
    {{ within_the_years('judged') }} as judged_at
from timed
