WITH "orders" AS (
  SELECT
    "fact".order_id AS "order",
    COUNT(*) AS "select"
  FROM "core"."orders" AS "fact"
  GROUP BY
    "fact".order_id
)
SELECT
  "orders"."order" AS "order",
  "orders"."select" AS "keyword"
FROM "orders"
