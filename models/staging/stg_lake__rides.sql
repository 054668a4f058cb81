with records as (
    select
        record_number,
        source_file,
        record,
        record is null as is_malformed,
        starts_with(record::varchar, '{') as is_object,
        {{ is_nested_too_deeply('record') }} as is_nested_too_deeply,
        {{ may_need_rewriting('record') }} as may_need_rewriting
    from {{ ref('stg_lake__ride_records') }}
),

readable as (
    select
        *,
        case when not is_nested_too_deeply then record end as readable_record
    from records
),

-- a field of type JSON is kept as it is written; a field of type VARCHAR loses its quotes
fields as (
    select
        *,
        json_transform(
            readable_record,
            '{
                "ride_id": "JSON",
                "ride_dist": "JSON",
                "ride_time": "JSON",
                "pickup_at": "VARCHAR",
                "area": "VARCHAR",
                "news": "JSON",
                "weather": "JSON",
                "traffic": "JSON"
            }'
        ) as field,
        json_merge_patch(
            readable_record,
            '{
                "ride_id": null,
                "ride_dist": null,
                "ride_time": null,
                "pickup_at": null,
                "area": null,
                "news": null,
                "weather": null,
                "traffic": null
            }'
        ) as extra_fields
    from readable
),

typed as (
    select
        record_number,
        source_file,
        readable_record,
        is_malformed,
        is_object,
        is_nested_too_deeply,

        -- an identifier is a text, or a number of any length without a fraction; true, 1.5 and {} are not
        case
            when starts_with(field['ride_id']::varchar, '"') then {{ trimmed("field['ride_id'] ->> '$'") }}
            when regexp_full_match(field['ride_id']::varchar, '-?\d+') then field['ride_id']::varchar
        end as ride_id,

        -- a value that is not a number, such as "1.5" in quotes, is NULL. A number too large for a double is infinite
        nullif(field['ride_dist'], 'null'::json) is null as is_ride_dist_missing,
        try_cast(field['ride_dist']::varchar as double) as ride_dist,
        nullif(field['ride_time'], 'null'::json) is null as is_ride_time_missing,
        try_cast(field['ride_time']::varchar as double) as ride_time,

        {{ trimmed("field['pickup_at']") }} as pickup_text,
        {{ area_name("field['area']") }} as area,
        {{ json_prose("field['news']") }} as news,
        {{ json_prose("field['weather']") }} as weather,
        {{ json_prose("field['traffic']") }} as traffic,
        case when is_object then nullif(extra_fields, '{}'::json) end as extra_fields,

        may_need_rewriting,
        case when may_need_rewriting then {{ own_exported_fields('readable_record') }} end as own_exported_fields,
        case when may_need_rewriting then {{ is_strict_json('readable_record') }} end as is_strict_json
    from fields
),

timed as (
    select
        *,
        {{ to_instant('readable_record', 'pickup_at', 'pickup_text') }} as pickup
    from typed
),

bounded as (
    select
        *,
        {{ within_the_years('pickup') }} as pickup_at
    from timed
)

select
    record_number,
    source_file,
    is_malformed,
    is_object,
    is_nested_too_deeply,
    ride_id,
    is_ride_dist_missing,
    ride_dist,
    is_ride_time_missing,
    ride_time,
    pickup_at,
    area,
    news,
    weather,
    traffic,
    extra_fields,
    may_need_rewriting,
    own_exported_fields,
    is_strict_json,
    pickup_text is not null and pickup_at is null as is_pickup_unreadable
from bounded
