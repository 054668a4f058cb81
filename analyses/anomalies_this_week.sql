-- How many rides of each kind and area were anomalous in the last seven days, as of the latest day built?
with latest as (
    select max(ride_date) as ride_date from {{ ref('daily_reports') }}
)

select
    anomalies.anomaly_kind,
    coalesce(anomalies.area, 'not said') as area,
    count(*) as rides,
    round(median(anomalies.ride_dist), 2) as median_miles,
    round(median(anomalies.ride_time) * 60) as median_minutes
from {{ ref('anomalous_rides') }} as anomalies
inner join latest on anomalies.ride_date > latest.ride_date - interval 7 days
group by all
order by rides desc, anomalies.anomaly_kind asc, area asc
