{# The ledger of summaries as earlier builds left it. Found by its name and not by ref(), because context_summaries is
   made from what this build adds to it. #}
{% macro earlier_summaries() -%}
    {%- set ledger = adapter.get_relation(target.database, target.schema, 'context_summaries') if execute -%}
    {%- if ledger -%}
        {{ ledger }}
    {%- else -%}
        (
            select
                null::varchar as prompt_hash,
                null::varchar as status,
                null::varchar as reason,
                null::varchar as summary,
                null::bigint as attempts
            where false
        )
    {%- endif -%}
{%- endmacro %}
