-- Which circumstances did several anomalous rides share? An event, a closure or a storm shows here first.
select
    ride_date,
    count(*) as anomalous_rides,
    mode(anomaly_kind) as most_often,
    min(pickup_local) as first_pickup,
    max(pickup_local) as last_pickup,
    any_value(summary) as what_was_going_on
from {{ ref('anomalous_rides') }}
group by ride_date, context_id
having count(*) > 1
order by anomalous_rides desc, ride_date asc
