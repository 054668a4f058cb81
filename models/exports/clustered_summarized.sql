-- depends_on: {{ ref('daily_reports') }}
with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

rides as (
    select
        record_number,
        label,
        is_anomaly,
        anomaly_kind
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }}
),

summaries as (
    select
        record_number,
        summary,
        summary_status,
        summary_source,
        summary_model
    from {{ ref('anomalous_rides') }}
    where ride_date = {{ run_date_sql() }}
)

select
    {{ add_json_fields(strict_json('records.record'), {
        'label': 'rides.label',
        'is_anomaly': 'rides.is_anomaly',
        'anomaly_kind': 'rides.anomaly_kind',
        'summary': "coalesce(summaries.summary, '')",
        'summary_status': 'summaries.summary_status',
        'summary_source': 'summaries.summary_source',
        'summary_model': 'summaries.summary_model',
    }) }} as record
from records
inner join rides on records.record_number = rides.record_number
left join summaries on records.record_number = summaries.record_number
order by records.record_number
