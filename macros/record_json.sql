{# A ride's record with fields added to it. `added` is SQL for a JSON object's text that has fields of these names.
   What the record had is not changed by a byte, but for what is rare, so that one look finds the records that have
   none of it: a field of one of the names is replaced; of what DuckDB reads but JSON does not have, NaN and Infinity
   become null and the comma after the last element goes. #}
{% macro add_json_fields(record, names, added) -%}
    left(
        case
            when not regexp_matches({{ record }}, '(?i)[:,\[]\s*-?(nan|inf)|"({{ names | join("|") }})"\s*:|,\s*[}\]]')
                then {{ record }}::varchar
            else json_merge_patch(({{ strict_json(record) }})::json, '{"{{ names | join('":null,"') }}":null}')::varchar
        end,
        -1
    ) || ',' || substr({{ added }}, 2)
{%- endmacro %}

{# A record as JSON that any reader takes: NaN and Infinity outside of texts become null. #}
{% macro strict_json(record) -%}
    array_to_string(
        list_transform(
            regexp_extract_all({{ record }}, '"(?:[^"\\]|\\.)*"|[^"]+'),
            lambda token : case
                when token[1] = '"' then token
                else regexp_replace(token, '(?i)-?(nan|inf(inity)?)', 'null', 'g')
            end
        ),
        ''
    )
{%- endmacro %}
