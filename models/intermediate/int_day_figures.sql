with news as (
    select * from {{ ref('stg_lake__news') }}
),

weather as (
    select * from {{ ref('stg_lake__weather') }}
),

traffic as (
    select * from {{ ref('stg_lake__traffic') }}
),

ride_records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

cleaned as (
    select * from {{ ref('int_rides_cleaned') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

rides as (
    select *
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }}
),

rejected_rides as (
    select *
    from {{ ref('rejected_rides') }}
    where ride_date = {{ ride_date_sql() }}
),

-- that of the day as a whole has the date as its context
summaries as (
    select *
    from {{ ref('int_context_summaries') }}
    where context_id != {{ ride_date_sql() }}::varchar
),

calls as (
    select * from {{ ref('int_summary_calls') }}
),

news_figures as (
    select
        count(*) as news_records,
        count(*) filter (text is null) as news_without_text,
        count(*) filter (is_time_unreadable) as news_with_unreadable_time
    from news
),

weather_figures as (
    select
        count(*) as weather_records,
        count(*) filter (text is null) as weather_without_text,
        count(*) filter (is_time_unreadable) as weather_with_unreadable_time
    from weather
),

traffic_figures as (
    select
        count(*) as traffic_records,
        count(*) filter (text is null) as traffic_without_text,
        count(*) filter (is_time_unreadable) as traffic_with_unreadable_time
    from traffic
),

record_figures as (
    select count(*) as records_read
    from ride_records
),

pickup_figures as (
    select count(*) filter (is_pickup_unreadable) as unreadable_pickups
    from cleaned
),

-- where nothing was clustered, the least of all densities would have been asked for
clustering_figures as (
    select coalesce(max(min_samples), {{ var('min_samples') }})::bigint as min_samples
    from labelled
),

ride_figures as (
    select
        count(*) as rides,
        count(*) filter (is_anomaly) as anomalous_rides,
        count(*) filter (is_anomaly) / nullif(count(*), 0) as anomalous_share,
        coalesce(max(label) + 1, 0) as clusters,
        count(*) filter (pickup_local::date != ride_date) as pickups_of_other_days
    from rides
),

rejected_by_reason as (
    select
        reason,
        count(*) as records
    from rejected_rides
    group by reason
),

rejection_figures as (
    select
        coalesce(sum(records), 0)::bigint as rejected_rides,
        string_agg(records || ' ' || reason, ', ' order by records desc, reason asc) as rejection_reasons
    from rejected_by_reason
),

-- parts of the day that say nothing, however few records they are among all
records_by_file as (
    select
        source_file,
        count(*) as records
    from ride_records
    group by source_file
),

rejected_by_file as (
    select
        source_file,
        count(*) as records
    from rejected_rides
    group by source_file
),

file_figures as (
    select
        count(*) as useless_files,
        string_agg(records_by_file.source_file, ', ' order by records_by_file.source_file) as useless_file_names
    from records_by_file
    inner join rejected_by_file
        on
            records_by_file.source_file = rejected_by_file.source_file
            and records_by_file.records = rejected_by_file.records
),

-- how the summaries of the day's anomalous rides came about
summary_figures as (
    select
        count(*) as summarized_contexts,
        count(*) filter (summary_source = 'llm') as llm_summaries,
        count(*) filter (status = 'failed') as failed_summaries,
        count(*) filter (status = 'budget') as budget_summaries
    from summaries
),

-- every call that any build has made for this day; what another day had asked for costs nothing
call_figures as (
    select
        count(*) as llm_calls,
        coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens,
        coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,
        coalesce(sum(cost_usd), 0)::double as cost_usd
    from calls
),

figures as (
    select
        record_figures.*,
        pickup_figures.*,
        clustering_figures.*,
        ride_figures.*,
        rejection_figures.*,
        file_figures.*,
        summary_figures.*,
        call_figures.*,
        news_figures.*,
        weather_figures.*,
        traffic_figures.*
    from record_figures
    cross join pickup_figures
    cross join clustering_figures
    cross join ride_figures
    cross join rejection_figures
    cross join file_figures
    cross join summary_figures
    cross join call_figures
    cross join news_figures
    cross join weather_figures
    cross join traffic_figures
)

select
    {{ ride_date_sql() }} as ride_date,
    *,
    list_where(
        ['news', 'traffic', 'weather'], [news_records = 0, traffic_records = 0, weather_records = 0]
    ) as missing,
    case
        when rides < {{ var('min_rides') }} then 'too few rides'
        when anomalous_rides > {{ var('max_anomalous_share') }} * rides then 'too sparse'
        else 'judged'
    end as judgement
from figures
