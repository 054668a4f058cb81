{% macro stop_at_too_many_rejected(repeated) -%}
    with reasons as (
        select
            checked.record_number,
            case when repeated.record_number is null then checked.rejection_reason else 'repeated ride_id' end as reason
        from {{ ref('int_rides_checked') }} as checked
        left join {{ repeated }} as repeated on checked.record_number = repeated.record_number
    ),

    counts as (
        select
            reason,
            count(*) as records,
            min(record_number) as first_record
        from reasons
        group by reason
    ),

    shares as (
        select
            sum(counts.records) as records,
            sum(counts.records) filter (reason is not null) as rejected,
            string_agg(
                counts.records || ' ' || reason || ' (first: record ' || first_record || ')',
                ', ' order by counts.records desc, reason asc
            ) filter (reason is not null) as reasons
        from counts
    )

    select error(
        rejected || ' of ' || records || ' records are rejected, and max_rejected_share is {{ var("max_rejected_share") }}: '
        || reasons
    )
    from shares
    where rejected > {{ var('max_rejected_share') }} * records
{%- endmacro %}
