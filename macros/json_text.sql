{# A text without blanks at its ends, in any script: spaces of every width, control characters, marks of no width, and
   letters that are drawn as nothing. NULL if the text has nothing else. #}
{% macro trimmed(text) -%}
    {%- set blank = '\\pZ\\p{Cc}\\x{AD}\\x{34F}\\x{61C}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}\\x{180B}-\\x{180F}\\x{200B}-\\x{200F}'
        ~ '\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{2800}\\x{3164}\\x{FEFF}\\x{FFA0}\\x{FFF9}-\\x{FFFB}' -%}
    case
        -- nearly all texts have a letter, digit or sign of ASCII at either end
        when {{ text }} between '!' and '~' and ({{ text }})[-1] between '!' and '~' then {{ text }}
        else nullif(regexp_replace({{ text }}, '^[{{ blank }}]+|[{{ blank }}]+$', '', 'g'), '')
    end
{%- endmacro %}

{# A field of a record as trimmed text. NULL if the field is missing, null or blank. #}
{% macro json_text(record, field) -%}
    {{ trimmed(record ~ " ->> '$." ~ field ~ "'") }}
{%- endmacro %}

{# A JSON value as trimmed text. NULL if the value is not a text, for example a list or an object. #}
{% macro json_prose(value) -%}
    case when starts_with({{ value }}::varchar, '"') then {{ trimmed(value ~ " ->> '$'") }} end
{%- endmacro %}

{# The name of an area, with letters with accents in one of Unicode's several forms. #}
{% macro area_name(text) -%}
    nfc_normalize({{ trimmed(text) }})
{%- endmacro %}

{# Whether a field of a record is a number, and not a text of digits. #}
{% macro is_json_number(record, field) -%}
    json_type({{ record }}, '$.{{ field }}') in ('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE')
{%- endmacro %}

{# The area of a record of a side file. NULL if the record concerns the whole city. #}
{% macro json_area(record) -%}
    {{ area_name(record ~ " ->> '$.area'") }}
{%- endmacro %}
