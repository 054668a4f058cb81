-- When do anomalous rides begin? The share of all rides of the hour, for each day of the week.
select
    dayname(pickup_local) as pickup_day,
    hour(pickup_local) as pickup_hour,
    count(*) as all_rides,
    count(*) filter (is_anomaly) as anomalous_rides,
    round(100 * anomalous_rides / all_rides, 2) as anomalous_percent
from {{ ref('rides') }}
where pickup_local is not null
group by pickup_day, pickup_hour, isodow(pickup_local)
having anomalous_rides > 0
order by isodow(pickup_local), pickup_hour
