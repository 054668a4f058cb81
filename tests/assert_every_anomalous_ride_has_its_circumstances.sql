select
    rides.ride_id,
    rides.context_id
from {{ ref('rides') }} as rides
anti join {{ ref('anomalous_rides') }} as anomalous_rides
    on
        rides.ride_date = anomalous_rides.ride_date
        and rides.record_number = anomalous_rides.record_number
where rides.ride_date = {{ ride_date_sql() }} and rides.is_anomaly
