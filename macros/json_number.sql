{# A JSON value as a number; NULL if it is none. A number too large for a double becomes infinite. #}
{% macro json_number(value) -%}
    case
        when json_type({{ value }}) in ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT') then try_cast({{ value }}::varchar as double)
    end
{%- endmacro %}
