{# The fields that the exports add to a record. #}
{% macro exported_fields() -%}
    {{- return([
        'label',
        'is_anomaly',
        'anomaly_kind',
        'summary',
        'summary_status',
        'summary_source',
        'summary_model',
        'ride_minutes',
        'mph',
        'expected_minutes',
        'times_expected',
        'distance_from_normal',
        'severity',
        'likely_reason',
        'circumstance',
        'item_ids',
        'summary_support',
        'incident_id',
    ]) -}}
{%- endmacro %}

{# Whether fields can be added to a record's text as it is. Looked at once for all exports, and rarely false: for a record
   that has a field of such a name, or what DuckDB reads but JSON does not have, which is NaN, Infinity and a comma after the
   last element. #}
{% macro takes_fields_as_it_is(record) -%}
    not regexp_matches({{ record }}, '(?i)[:,\[]\s*-?(nan|inf)|"({{ exported_fields() | join("|") }})"\s*:|,\s*[}\]]')
{%- endmacro %}

{# A ride's record with fields added to it, those of `names`. `added` is SQL for a JSON object's text that has them.
   What the record had is not changed by a byte where it takes fields as it is. Else a field of one of the names is
   replaced, NaN and Infinity become null and the comma after the last element goes. #}
{% macro add_json_fields(record, takes_fields, names, added) -%}
    left(
        case
            when {{ takes_fields }} then {{ record }}::varchar
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
