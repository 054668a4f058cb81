{# What identifies a context: its texts, so that the same circumstances have the same one on any day. #}
{% macro context_id(news, weather, traffic) -%}
    md5(coalesce({{ news }}, '') || E'\x1f' || coalesce({{ weather }}, '') || E'\x1f' || coalesce({{ traffic }}, ''))
{%- endmacro %}
