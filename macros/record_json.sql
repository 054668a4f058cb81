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

{# Whether a record may need to be rewritten before fields are added to it. It looks in the record's text for one of these
   fields, for line ends, and for what DuckDB reads but JSON does not have: NaN, Infinity, and a comma after the last
   element. One look serves all exports. Where it finds something, the macros below look closely. #}
{% macro may_need_rewriting(record) -%}
    regexp_matches(
        {{ record }},
        '(?i)[:,\[]\s*-?(nan|inf)|"({{ exported_fields() | join("|") }})"\s*:|\\u00[4-7]|,\s*[}\]]|[\r\n]'
    )
{%- endmacro %}

{# The exported fields that a record already has, at its top level. #}
{% macro own_exported_fields(record) -%}
    list_filter(json_keys({{ record }}), lambda key : key in ('{{ exported_fields() | join("', '") }}'))
{%- endmacro %}

{# Whether every JSON reader can read a record. #}
{% macro is_strict_json(record) -%}
    not regexp_matches(
        regexp_replace({{ record }}, '"(?:[^"\\]|\\.)*"', '0', 'g'),
        '(?i)nan|inf|,\s*[}\]]'
    )
{%- endmacro %}

{# A ride's record on one line, with the fields `names` added to it. `added` is SQL for a JSON object's text that has them.
   Line ends between its fields are removed; no other byte of the record changes. If it is not strict JSON, NaN and Infinity
   become null and commas after a last element are removed. If it has a field with one of the names, the field is replaced, and
   the record is written anew for that. `fields` has the results of the three macros above. #}
{% macro add_json_fields(record, fields, names, added) -%}
    {%- set strict -%}
        case when {{ fields }}.is_strict_json then {{ record }}::varchar else {{ strict_json(record) }} end
    {%- endset -%}
    left(
        case
            when not {{ fields }}.may_need_rewriting then {{ record }}::varchar
            when list_has_any({{ fields }}.own_exported_fields, ['{{ names | join("', '") }}'])
                then {{ without_fields(strict, names) }}
            else {{ on_one_line(strict) }}
        end,
        -1
    ) || ',' || substr({{ added }}, 2)
{%- endmacro %}

{# The text of a JSON object without the fields of these names. Numbers are written anew. #}
{% macro without_fields(record, names) -%}
    json_merge_patch(({{ record }})::json, '{"{{ names | join('":null,"') }}":null}')::varchar
{%- endmacro %}

{# JSON text without line ends. They can stand only between its elements, because texts escape them. #}
{% macro on_one_line(record) -%}
    regexp_replace({{ record }}, '[\r\n]+', '', 'g')
{%- endmacro %}

{# A record as JSON that every reader can read: outside of texts NaN and Infinity become null, and commas after a last element
   are removed. #}
{% macro strict_json(record) -%}
    array_to_string(
        list_transform(
            regexp_extract_all({{ record }}, '"(?:[^"\\]|\\.)*"|[^"]+'),
            lambda token : case
                when token[1] = '"' then token
                else regexp_replace(
                    regexp_replace(token, '(?i)-?(nan|inf(inity)?)', 'null', 'g'), ',(\s*[}\]])', '\1', 'g'
                )
            end
        ),
        ''
    )
{%- endmacro %}

{# The deepest nesting that a ride's record may have. Readers of the exports give up at 512 levels (PHP) or about 1,000
   (Python, Java), and DuckDB's own functions end the process at some 100,000. #}
{% macro deepest_nesting() -%}
    {{- return(500) -}}
{%- endmacro %}

{# Whether a record is nested deeper. A short record, or one with few brackets, cannot be. From the others the macro removes
   texts, and then numbers and words, so that only brackets of one kind are left. One pass then matches a pattern for n levels
   of brackets. #}
{% macro is_nested_too_deeply(record) -%}
    {%- set n = deepest_nesting() -%}
    case
        when strlen({{ record }}) <= {{ 2 * n }} then false
        when
            2 * strlen({{ record }}) - strlen(replace({{ record }}, '[', '')) - strlen(replace({{ record }}, '{', '')) <= {{ n }}
            then false
        else not regexp_full_match(
            translate(
                regexp_replace({{ record }}, '"(?:[^"\\]|\\.)*"', '', 'g'),
                e'{}0123456789+-.,: \t\r\naefilnrstuyAEFILNRSTUY',
                '[]'
            ),
            '{{ "(?:\\[" * n }}{{ "\\])*" * n }}'
        )
    end
{%- endmacro %}
