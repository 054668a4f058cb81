{# A mart as earlier builds left it, with these of its columns if no build has made it yet. Found by its name and not by
   ref(), because the mart is made from what this build adds to it. #}
{% macro earlier_rows(mart, columns) -%}
    {%- set table = adapter.get_relation(target.database, target.schema, mart) if execute -%}
    {%- if table -%}
        {{ table }}
    {%- else -%}
        (
            select
                {%- for name, type in columns.items() %}
                null::{{ type }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}
