with context_items as (
    select * from {{ ref('int_context_items') }}
)

-- in this order equal texts are adjacent, and compress well
select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
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
from context_items
order by item_id, context_id
