{# A field of a record as trimmed text; NULL if it is missing, null or blank. #}
{% macro json_text(record, field) -%}
    nullif(trim({{ record }} ->> '$.{{ field }}'), '')
{%- endmacro %}
