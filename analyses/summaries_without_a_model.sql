-- Which summaries were put together without a language model, and why?
select
    ride_date,
    status,
    model,
    reason,
    count(*) as summaries
from {{ ref('context_summaries') }}
where status != 'ok'
group by all
order by ride_date asc, summaries desc, status asc
