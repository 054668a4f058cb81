with context_items as (
    select * from {{ ref('int_context_items') }}
),

day_items as (
    select * from {{ ref('int_day_items') }}
),

items as (
    select * from context_items
    union all by name
    select
        {{ run_date_sql() }}::varchar as context_id,
        *
    from day_items
)

-- in this order equal texts lie beside each other, and are compressed into one
select
    {{ run_date_sql() }} as ride_date,
    context_id,
    item_number,
    item_id,
    kind,
    record_number,
    area,
    starts_at,
    ends_at,
    text,
    category,
    is_notable
from items
order by item_id, context_id
