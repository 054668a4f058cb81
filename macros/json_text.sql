{# A text without what is blank at its ends, in any script: spaces of every width, control characters, marks of no
   width, letters that are drawn as nothing. NULL if nothing else is in it. #}
{% macro trimmed(text) -%}
    {%- set blank = '\\pZ\\p{Cc}\\x{AD}\\x{34F}\\x{61C}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}\\x{180B}-\\x{180F}\\x{200B}-\\x{200F}'
        ~ '\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{2800}\\x{3164}\\x{FEFF}\\x{FFA0}\\x{FFF9}-\\x{FFFB}' -%}
    case
        -- as nearly all are: a letter, digit or sign of ASCII at either end
        when {{ text }} between '!' and '~' and ({{ text }})[-1] between '!' and '~' then {{ text }}
        else nullif(regexp_replace({{ text }}, '^[{{ blank }}]+|[{{ blank }}]+$', '', 'g'), '')
    end
{%- endmacro %}

{# A field of a record as trimmed text; NULL if it is missing, null or blank. #}
{% macro json_text(record, field) -%}
    {{ trimmed(record ~ " ->> '$." ~ field ~ "'") }}
{%- endmacro %}

{# What is said in a value of JSON, as trimmed text; NULL if it is no text, as a list and an object are not. #}
{% macro json_prose(value) -%}
    case when starts_with({{ value }}::varchar, '"') then {{ trimmed(value ~ " ->> '$'") }} end
{%- endmacro %}

{# The name of an area in one form, of the several that Unicode has for letters with accents. #}
{% macro area_name(text) -%}
    nfc_normalize({{ trimmed(text) }})
{%- endmacro %}

{# Whether a field of a record is a number, and not a text of digits. #}
{% macro is_json_number(record, field) -%}
    json_type({{ record }}, '$.{{ field }}') in ('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE')
{%- endmacro %}

{# The area that a record of a side file concerns; NULL for the whole city. #}
{% macro json_area(record) -%}
    {{ area_name(record ~ " ->> '$.area'") }}
{%- endmacro %}
