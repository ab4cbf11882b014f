{% macro campaigns() %}{{ campaigns_of_channel() | int * 5 }}{% endmacro %}

{% macro campaigns_of_channel() %}{{ [2, var('sessions') // 500000] | max }}{% endmacro %}

{% macro share(of) %}{{ [100, var('sessions') // of] | max }}{% endmacro %}

{# A whole number from 0 to below, decided by the values alone: the same in every run and on any count of threads. #}
{% macro draw(values, below) %}cast(hash({{ values }}) % {{ below }} as bigint){% endmacro %}

{% macro countries() -%}
    ['AT', 'BE', 'BR', 'CA', 'CH', 'CN', 'CZ', 'DE', 'DK', 'ES', 'FR', 'GB', 'IE', 'IT', 'JP', 'NL', 'NO', 'PL', 'SE', 'US']
{%- endmacro %}

{% macro country(values) %}{{ countries() }}[{{ draw(values, 20) }} + 1]{% endmacro %}
