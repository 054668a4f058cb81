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

{# Whether a record may have one of these fields, what DuckDB reads but JSON does not have (NaN, Infinity and a comma after
   the last element), or line ends. Looked for in the text, at once for all exports; where it is true, the macros below
   look closely. #}
{% macro may_need_rewriting(record) -%}
    regexp_matches(
        {{ record }},
        '(?i)[:,\[]\s*-?(nan|inf)|"({{ exported_fields() | join("|") }})"\s*:|\\u00[4-7]|,\s*[}\]]|[\r\n]'
    )
{%- endmacro %}

{# Those of the exported fields that a record has itself, at its top level. #}
{% macro own_exported_fields(record) -%}
    list_filter(json_keys({{ record }}), lambda key : key in ('{{ exported_fields() | join("', '") }}'))
{%- endmacro %}

{# Whether a record is JSON to any reader. #}
{% macro is_strict_json(record) -%}
    not regexp_matches(
        regexp_replace({{ record }}, '"(?:[^"\\]|\\.)*"', '0', 'g'),
        '(?i)nan|inf|,\s*[}\]]'
    )
{%- endmacro %}

{# A ride's record on one line, with the fields `names` added to it. `added` is SQL for a JSON object's text that has them.
   What the record had is not changed by a byte, but for the line ends between its fields. If it is no strict JSON, NaN and
   Infinity become null and commas after a last element go. If it has a field of one of the names, that is replaced, for which
   the record is written anew. `fields` has what was found out with the three macros above. #}
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

{# A JSON object's text without fields of these names; numbers are written anew. #}
{% macro without_fields(record, names) -%}
    json_merge_patch(({{ record }})::json, '{"{{ names | join('":null,"') }}":null}')::varchar
{%- endmacro %}

{# JSON text without line ends, which stand between its elements only: in its texts they are escaped. #}
{% macro on_one_line(record) -%}
    regexp_replace({{ record }}, '[\r\n]+', '', 'g')
{%- endmacro %}

{# A record as JSON that any reader takes: outside of texts NaN and Infinity become null, and commas after a last element go. #}
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

{# How deep JSON may be nested in a record of a ride. Readers of the exports give up at 512 levels (PHP) or about 1,000 (Python,
   Java), and DuckDB's own functions end the process at some 100,000. #}
{% macro deepest_nesting() -%}
    {{- return(500) -}}
{%- endmacro %}

{# Whether a record is nested deeper. What is short, or has few brackets, cannot be. Of the others nothing is left but brackets,
   all of one kind: the texts go, and then numbers and words. A pattern says what n levels of them look like, which is matched
   in one pass. #}
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
