-- depends_on: {{ ref('daily_reports') }}
-- depends_on: {{ ref('clustered_data') }} so that neither export is new while the other could not be written
with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

fields as (
    select
        record_number,
        may_need_rewriting,
        own_exported_fields,
        is_strict_json
    from {{ ref('stg_lake__rides') }}
),

rides as (
    select
        record_number,
        label
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }}
),

-- `label` is added below, for all rides alike
anomalies as (
    select
        record_number,
        json_object(
            'is_anomaly', true,
            'anomaly_kind', anomaly_kind,
            'summary', summary,
            'summary_status', summary_status,
            'summary_source', summary_source,
            'summary_model', summary_model
        )::varchar as added
    from {{ ref('anomalous_rides') }}
    where ride_date = {{ run_date_sql() }}
),

normal as (
    select
        json_object(
            'is_anomaly', false,
            'anomaly_kind', null,
            'summary', '',
            'summary_status', null,
            'summary_source', null,
            'summary_model', null
        )::varchar as added
),

labelled as (
    select
        rides.record_number,
        '{"label":' || rides.label || ',' || substr(coalesce(anomalies.added, normal.added), 2) as added
    from rides
    cross join normal
    left join anomalies on rides.record_number = anomalies.record_number
)

select
    {{ add_json_fields('records.record', 'fields', exported_fields(), 'labelled.added') }} as record
from records
inner join fields on records.record_number = fields.record_number
inner join labelled on records.record_number = labelled.record_number
order by records.record_number
