{# The key by which areas are compared. It ignores case, blanks around the area and the Unicode form of accents. Trimming
   costs three times the rest, so only areas that begin or end with a blank are trimmed. #}
{% macro area_key(area) -%}
    lower(nfc_normalize(
        case
            when {{ area }} < '!' or {{ area }}[-1] < '!' then nullif(trim({{ area }}, e' \t\r\n'), '')
            else {{ area }}
        end
    ))
{%- endmacro %}
