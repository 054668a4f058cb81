-- Why are records rejected, and is that getting worse? One row a reason and week.
select
    reason,
    date_trunc('week', ride_date)::date as week_from,
    count(*) as records,
    min(source_file) as first_file
from {{ ref('rejected_rides') }}
group by all
order by week_from asc, records desc, reason asc
