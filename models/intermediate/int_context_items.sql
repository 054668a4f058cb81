select
    null::varchar as context_id,
    null::integer as item_number,
    null::varchar as category,
    null::boolean as is_notable
where false
