with items as (
    select * from {{ ref('int_items') }}
)

select
    row_number() over (order by relevance) as item_number,
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
where is_of_the_day
