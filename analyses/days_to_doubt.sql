-- Which days should be read with care: something was missing, or the report warns?
select
    ride_date,
    rides,
    anomalous_rides,
    array_to_string(missing, ', ') as missing,
    array_to_string(warnings, ' | ') as warnings
from {{ ref('daily_reports') }}
where len(missing) > 0 or len(warnings) > 0
order by ride_date
