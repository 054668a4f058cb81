{# A record as JSON that any reader takes: NaN and Infinity, which DuckDB reads but JSON does not have, become null.
   Records without them, nearly all, are left as they are. #}
{% macro strict_json(record) -%}
    case
        when regexp_matches({{ record }}, '(?i)nan|inf')
            then array_to_string(
                list_transform(
                    regexp_extract_all({{ record }}, '"(?:[^"\\]|\\.)*"|[^"]+'),
                    lambda token : case
                        when token[1] = '"' then token
                        else regexp_replace(token, '(?i)-?(nan|inf(inity)?)', 'null', 'g')
                    end
                ),
                ''
            )
        else {{ record }}::varchar
    end
{%- endmacro %}

{# A ride's record with fields added to it: {'label': 'label', ...} maps their names to SQL expressions. What the
   record had is not changed by a byte, unless it has a field of one of these names already: then that is replaced. #}
{% macro add_json_fields(record, fields) -%}
    {%- set added -%}
        json_object(
            {%- for name, expression in fields.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- endset -%}
    case
        when {% for name in fields %}contains({{ record }}::varchar, '"{{ name }}"'){{ ' or ' if not loop.last }}{% endfor %}
            then json_merge_patch({{ record }}, {{ added }})::varchar
        else left({{ record }}::varchar, -1) || ',' || substr({{ added }}::varchar, 2)
    end
{%- endmacro %}
