{% test is_between(model, column_name, smallest, largest) %}
    select *
    from {{ model }}
    where {{ column_name }} is null or {{ column_name }} not between {{ smallest }} and {{ largest }}
{% endtest %}

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

{% test accepted_values(model, column_name, values) %}
    select *
    from {{ model }}
    where {{ column_name }} not in ('{{ values | join("', '") }}')
{% endtest %}
