{#- Irreversible form of a personal datum, equal for equal input after trimming and lower-casing. BELLWETHER_PII_SALT keeps
    telephone numbers, of which there are few enough to try all, from being found by trial. -#}
{% macro hashed(expression) -%}
  {{ return(adapter.dispatch('hashed', 'bellwether')("'" ~ (env_var('BELLWETHER_PII_SALT', '') | replace("'", "''")) ~ "' || lower(trim(" ~ expression ~ "))")) }}
{%- endmacro %}

{% macro default__hashed(text) -%}
  sha256({{ text }})
{%- endmacro %}

{% macro postgres__hashed(text) -%}
  encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}
