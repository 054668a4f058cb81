with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

rides as (
    select
        record_number,
        '{"label":' || label || '}' as added
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }}
)

select {{ add_json_fields('records.record', ['label'], 'rides.added') }} as record
from records
inner join rides on records.record_number = rides.record_number
order by records.record_number
