WITH "orders" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE) AS "metric_time__month",
    SUM("fact"."amount") AS "amount"
  FROM "core"."orders" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE)
), "orders_before" AS (
  SELECT
    CAST("before"."metric_time__month" + INTERVAL '1' MONTH AS DATE) AS "metric_time__month",
    "before"."amount_2" AS "amount_2"
  FROM (
    SELECT
      CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE) AS "metric_time__month",
      SUM("fact"."amount") AS "amount_2"
    FROM "core"."orders" AS "fact"
    WHERE
      "fact"."at" >= CAST('2024-02-01' AS DATE)
      AND "fact"."at" < CAST('2024-03-01' AS DATE)
    GROUP BY
      CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE)
  ) AS "before"
)
SELECT
  COALESCE("orders"."metric_time__month", "orders_before"."metric_time__month") AS "metric_time__month",
  (
    CAST("orders"."amount" AS DOUBLE) / NULLIF("orders_before"."amount_2", 0) - 1
  ) AS "growth"
FROM "orders"
FULL JOIN "orders_before"
  ON "orders"."metric_time__month" IS NOT DISTINCT FROM "orders_before"."metric_time__month"
