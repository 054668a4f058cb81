with records as (
    select count(*) as records_read
    from {{ ref('stg_lake__ride_records') }}
),

clean as (
    select count(*) as rides
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }}
),

rejected as (
    select count(*) as rejected_rides
    from {{ ref('rejected_rides') }}
    where ride_date = {{ run_date_sql() }}
)

select
    records.records_read,
    clean.rides,
    rejected.rejected_rides
from records
cross join clean
cross join rejected
where records.records_read != clean.rides + rejected.rejected_rides
