{# The items of a text that a ride carries itself: its lines, without the blank ones. #}
{% macro text_lines(text) -%}
    list_filter(
        list_transform(string_split({{ text }}, e'\n'), lambda line : trim(line, e' \t\r')),
        lambda line : line != ''
    )
{%- endmacro %}
