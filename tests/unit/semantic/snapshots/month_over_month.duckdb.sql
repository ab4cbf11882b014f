WITH "orders__by_period" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "by_day"."__day") AS DATE) AS "metric_time__month",
    SUM("by_day"."__part_0") AS "__part_0"
  FROM (
    SELECT
      CAST("fact"."at" AS DATE) AS "__day",
      SUM("fact"."amount") AS "__part_0"
    FROM "core"."orders" AS "fact"
    WHERE
      "fact"."at" >= CAST('2024-02-01' AS DATE)
      AND "fact"."at" < CAST('2024-04-01' AS DATE)
    GROUP BY
      CAST("fact"."at" AS DATE)
  ) AS "by_day"
  GROUP BY
    CAST(DATE_TRUNC('MONTH', "by_day"."__day") AS DATE)
), "orders" AS (
  SELECT
    "orders__by_period"."metric_time__month" AS "metric_time__month",
    "orders__by_period"."__part_0" AS "amount"
  FROM "orders__by_period"
  WHERE
    "orders__by_period"."metric_time__month" >= CAST('2024-03-01' AS DATE)
), "orders_before" AS (
  SELECT
    CAST("orders__by_period"."metric_time__month" + INTERVAL '1' MONTH AS DATE) AS "metric_time__month",
    "orders__by_period"."__part_0" AS "amount_2"
  FROM "orders__by_period"
  WHERE
    "orders__by_period"."metric_time__month" < CAST('2024-03-01' AS DATE)
)
SELECT
  COALESCE("orders"."metric_time__month", "orders_before"."metric_time__month") AS "metric_time__month",
  (
    CAST("orders"."amount" AS DOUBLE) / NULLIF("orders_before"."amount_2", 0) - 1
  ) AS "growth"
FROM "orders"
FULL JOIN "orders_before"
  ON "orders"."metric_time__month" IS NOT DISTINCT FROM "orders_before"."metric_time__month"
