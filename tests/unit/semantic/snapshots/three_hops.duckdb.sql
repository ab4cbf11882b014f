WITH "lines" AS (
  SELECT
    "to_order__customer__country"."area" AS "order__customer__country__area",
    SUM("fact".quantity) AS "items"
  FROM "core"."lines" AS "fact"
  LEFT JOIN "core"."orders" AS "to_order"
    ON "fact".order_id = "to_order".order_id
  LEFT JOIN "core"."customers" AS "to_order__customer"
    ON "to_order"."customer" = "to_order__customer"."customer"
  LEFT JOIN "core"."countries" AS "to_order__customer__country"
    ON "to_order__customer"."country" = "to_order__customer__country"."country"
  GROUP BY
    "to_order__customer__country"."area"
)
SELECT
  "lines"."order__customer__country__area" AS "order__customer__country__area",
  "lines"."items" AS "items"
FROM "lines"
