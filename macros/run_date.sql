{% macro run_date() -%}
    {%- set digits = var('date', '19700101') | string | replace('-', '') -%}
    {{- return(digits[:4] ~ '-' ~ digits[4:6] ~ '-' ~ digits[6:]) -}}
{%- endmacro %}

{% macro run_date_sql() -%}
    date '{{ run_date() }}'
{%- endmacro %}
