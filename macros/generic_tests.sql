{# Tests that give the rows whole, so that the last line of a build can say which rides break a rule. #}

{# A number that is missing or outside of its limits, both of which it may reach. #}
{% test is_between(model, column_name, smallest, largest) %}
    select *
    from {{ model }}
    where {{ column_name }} is null or {{ column_name }} not between {{ smallest }} and {{ largest }}
{% endtest %}

{# A key that is missing or there more than once: one node where dbt's own not_null and unique are two. #}
{% test is_key(model, column_name) %}
    select *
    from {{ model }}
    where
        {{ column_name }} is null
        or {{ column_name }} in (
            select {{ column_name }}
            from {{ model }}
            group by {{ column_name }}
            having count(*) > 1
        )
{% endtest %}

{# dbt's own, but for the rows. #}
{% test accepted_values(model, column_name, values) %}
    select *
    from {{ model }}
    where {{ column_name }} not in ('{{ values | join("', '") }}')
{% endtest %}
