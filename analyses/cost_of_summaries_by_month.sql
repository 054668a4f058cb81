-- What did language models cost, by month of the rides? Failed calls are counted too.
select
    date_trunc('month', ride_date)::date as month_from,
    count(*) as days_built,
    sum(llm_calls) as llm_calls,
    sum(prompt_tokens) as prompt_tokens,
    sum(completion_tokens) as completion_tokens,
    round(sum(cost_usd), 4) as usd,
    round(sum(cost_usd) / nullif(sum(anomalous_rides), 0), 6) as usd_per_anomalous_ride
from {{ ref('daily_reports') }}
group by all
order by month_from
