WITH "orders__by_day" AS (
  SELECT
    CAST("fact"."at" AS DATE) AS "__day",
    SUM("fact"."amount") AS "part_0"
  FROM "core"."orders" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-02-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST("fact"."at" AS DATE)
), "orders" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "orders__by_day"."__day") AS DATE) AS "metric_time__month",
    SUM(
      CASE
        WHEN "orders__by_day"."__day" >= CAST('2024-03-01' AS DATE)
        AND "orders__by_day"."__day" < CAST('2024-04-01' AS DATE)
        THEN "orders__by_day"."part_0"
      END
    ) AS "amount"
  FROM "orders__by_day"
  GROUP BY
    CAST(DATE_TRUNC('MONTH', "orders__by_day"."__day") AS DATE)
  HAVING
    COUNT(
      CASE
        WHEN "orders__by_day"."__day" >= CAST('2024-03-01' AS DATE)
        AND "orders__by_day"."__day" < CAST('2024-04-01' AS DATE)
        THEN 1
      END
    ) > 0
), "orders_before" AS (
  SELECT
    CAST("before"."metric_time__month" + INTERVAL '1' MONTH AS DATE) AS "metric_time__month",
    "before"."amount_2" AS "amount_2"
  FROM (
    SELECT
      CAST(DATE_TRUNC('MONTH', "orders__by_day"."__day") AS DATE) AS "metric_time__month",
      SUM(
        CASE
          WHEN "orders__by_day"."__day" >= CAST('2024-02-01' AS DATE)
          AND "orders__by_day"."__day" < CAST('2024-03-01' AS DATE)
          THEN "orders__by_day"."part_0"
        END
      ) AS "amount_2"
    FROM "orders__by_day"
    GROUP BY
      CAST(DATE_TRUNC('MONTH', "orders__by_day"."__day") AS DATE)
    HAVING
      COUNT(
        CASE
          WHEN "orders__by_day"."__day" >= CAST('2024-02-01' AS DATE)
          AND "orders__by_day"."__day" < CAST('2024-03-01' AS DATE)
          THEN 1
        END
      ) > 0
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
