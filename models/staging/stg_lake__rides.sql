with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

-- a field of type JSON is kept as it is written, one of type VARCHAR is unquoted
fields as (
    select
        record_number,
        source_file,
        record is null as is_malformed,
        {{ takes_fields_as_it_is('record') }} as takes_fields,
        starts_with(record::varchar, '{') as is_object,
        json_transform(
            record,
            '{
                "ride_id": "JSON",
                "ride_dist": "JSON",
                "ride_time": "JSON",
                "pickup_at": "VARCHAR",
                "area": "VARCHAR",
                "news": "VARCHAR",
                "weather": "VARCHAR",
                "traffic": "VARCHAR"
            }'
        ) as field,
        json_merge_patch(
            record,
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
    from records
),

typed as (
    select
        record_number,
        source_file,
        is_malformed,
        is_object,
        takes_fields,

        -- text is an identifier and so is a number of any length without a fraction; true, 1.5 and {} are none
        case
            when starts_with(field['ride_id']::varchar, '"') then nullif(trim(field['ride_id'] ->> '$'), '')
            when regexp_full_match(field['ride_id']::varchar, '-?\d+') then field['ride_id']::varchar
        end as ride_id,

        -- what is no number, "1.5" in quotes for one, is NULL; one too large for a double becomes infinite
        nullif(field['ride_dist'], 'null'::json) is null as is_ride_dist_missing,
        try_cast(field['ride_dist']::varchar as double) as ride_dist,
        nullif(field['ride_time'], 'null'::json) is null as is_ride_time_missing,
        try_cast(field['ride_time']::varchar as double) as ride_time,

        nullif(trim(field['pickup_at']), '') as pickup_text,
        nullif(trim(field['area']), '') as area,
        nullif(trim(field['news']), '') as news,
        nullif(trim(field['weather']), '') as weather,
        nullif(trim(field['traffic']), '') as traffic,
        case when is_object then nullif(extra_fields, '{}'::json) end as extra_fields
    from fields
),

timed as (
    select
        *,
        {{ to_instant('pickup_text') }} as pickup_at
    from typed
)

select
    * exclude (pickup_text),
    pickup_text is not null and pickup_at is null as is_pickup_unreadable
from timed
