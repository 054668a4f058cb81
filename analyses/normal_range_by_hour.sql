-- What is normal at each hour of the day? Nine of ten normal rides are within these ranges.
select
    hour(pickup_local) as pickup_hour,
    count(*) as normal_rides,
    round(quantile_cont(ride_dist, 0.05), 2) as miles_from,
    round(median(ride_dist), 2) as miles_median,
    round(quantile_cont(ride_dist, 0.95), 2) as miles_to,
    round(quantile_cont(ride_time, 0.05) * 60, 1) as minutes_from,
    round(median(ride_time) * 60, 1) as minutes_median,
    round(quantile_cont(ride_time, 0.95) * 60, 1) as minutes_to
from {{ ref('rides') }}
where not is_anomaly and pickup_local is not null
group by all
order by pickup_hour
