-- Which circumstances go with anomalies, by the latest day? Those that are surest come first; 1 is no difference.
with latest as (
    select *
    from {{ ref('circumstance_effects') }}
    qualify ride_date = max(ride_date) over ()
)

select
    ride_date,
    category,
    verdict,
    days_with,
    round(ratio, 2) as ratio,
    round(ratio_low, 2) as ratio_low,
    round(ratio_high, 2) as ratio_high,
    round(100 * share_with, 2) as anomalous_percent_with,
    round(100 * share_without, 2) as anomalous_percent_without
from latest
order by p_value asc nulls last, category asc
