{# The range of the day's normal rides. Anomalous rides are compared with it. #}
with cleaned as (
    select * from {{ ref('int_rides_cleaned') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

normal as (
    select
        cleaned.ride_dist,
        cleaned.ride_time
    from cleaned
    inner join labelled on cleaned.record_number = labelled.record_number
    where labelled.label != -1
),

figures as (
    select
        count(*) as rides,
        quantile_disc(ride_dist, {{ var('long_ride_quantile') }}) as long_ride_miles,
        quantile_disc(ride_time, {{ var('long_ride_quantile') }}) as long_ride_hours,
        avg(ride_dist) as mean_miles,
        avg(ride_time) as mean_hours,
        regr_slope(ride_time, ride_dist) as hours_per_mile,
        regr_intercept(ride_time, ride_dist) as hours_at_start,
        -- all distances are equal, except for rounding
        max(ride_dist) - min(ride_dist) <= 1e-9 * max(ride_dist) as is_one_distance
    from normal
)

-- rides of one distance define no line: they are assumed to have one pace
select
    {{ ride_date_sql() }} as ride_date,
    rides,
    {{ var('hardly_moved_miles') }}::double as hardly_moved_miles,
    {{ var('long_ride_quantile') }}::double as long_ride_quantile,
    long_ride_miles,
    long_ride_hours,
    case
        when is_one_distance and mean_miles > 0 then 0
        when is_one_distance then mean_hours
        else hours_at_start
    end as hours_at_start,
    case
        when is_one_distance and mean_miles > 0 then mean_hours / mean_miles
        when is_one_distance then 0
        else hours_per_mile
    end as hours_per_mile
from figures
