{#- Fails when a sum over the model differs from a sum over the model it was made from: nothing lost, nothing doubled. -#}
{% test same_total(model, expression, of, of_expression) %}
select
  made.total,
  origin.total as origin_total
from (select coalesce(sum({{ expression }}), 0) as total from {{ model }}) as made
cross join (select coalesce(sum({{ of_expression }}), 0) as total from {{ of }}) as origin
where made.total <> origin.total
{% endtest %}
