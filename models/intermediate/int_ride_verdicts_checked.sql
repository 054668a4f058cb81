with verdicts as (
    select * from {{ ref('stg_lake__ride_verdicts') }}
),

anomalous_rides as (
    select
        ride_id,
        anomaly_kind,
        severity,
        likely_reason
    from {{ ref('anomalous_rides') }}
    where ride_date = {{ ride_date_sql() }}
)

select
    verdicts.record_number,
    verdicts.source_file,
    verdicts.record,
    verdicts.ride_id,
    verdicts.verdict,
    verdicts.note,
    verdicts.judged_by,
    verdicts.judged_at,
    anomalous_rides.anomaly_kind,
    anomalous_rides.severity,
    anomalous_rides.likely_reason,
    case
        when verdicts.record is null then 'malformed JSON'
        when not verdicts.is_object then 'not an object'
        when verdicts.ride_id is null then 'no ride_id'
        when verdicts.verdict is null then 'no verdict'
        when verdicts.verdict not in ('real', 'data error', 'explained', 'misuse')
            then 'the verdict is none of real, data error, explained, misuse'
        when anomalous_rides.ride_id is null then 'no anomalous ride of the day has this ride_id'
    end as rejection_reason
from verdicts
left join anomalous_rides on verdicts.ride_id = anomalous_rides.ride_id
