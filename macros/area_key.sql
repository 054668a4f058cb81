{# An area as areas are compared: without regard to case, to blanks around it and to the form of its accents. To trim
   costs three times the rest, so only what ends or begins with a blank is trimmed. #}
{% macro area_key(area) -%}
    lower(nfc_normalize(
        case
            when {{ area }} < '!' or {{ area }}[-1] < '!' then nullif(trim({{ area }}, e' \t\r\n'), '')
            else {{ area }}
        end
    ))
{%- endmacro %}
