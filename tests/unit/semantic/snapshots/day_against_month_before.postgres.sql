WITH "orders" AS (
  SELECT
    CAST("fact"."at" AS DATE) AS "metric_time__day",
    SUM("fact"."amount") AS "amount"
  FROM "core"."orders" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST("fact"."at" AS DATE)
), "orders_before" AS (
  SELECT
    CAST("spine"."__period" AS DATE) AS "metric_time__day",
    SUM("fact"."amount") AS "amount_2"
  FROM "core"."orders" AS "fact"
  INNER JOIN (
    SELECT DISTINCT
      CAST("spine"."date_day" AS DATE) AS "__period"
    FROM "core"."days" AS "spine"
    WHERE
      "spine"."date_day" >= CAST('2024-03-01' AS DATE)
      AND "spine"."date_day" < CAST('2024-04-01' AS DATE)
  ) AS "spine"
    ON CAST("spine"."__period" - INTERVAL '1 MONTH' AS DATE) = CAST("fact"."at" AS DATE)
  WHERE
    "fact"."at" >= CAST('2024-02-01' AS DATE)
    AND "fact"."at" < CAST('2024-03-01' AS DATE)
  GROUP BY
    CAST("spine"."__period" AS DATE)
), "joined" AS (
  SELECT
    "stacked"."metric_time__day",
    MAX("stacked"."amount") AS "amount",
    MAX("stacked"."amount_2") AS "amount_2"
  FROM (
    SELECT
      "orders"."metric_time__day",
      "orders"."amount" AS "amount",
      (
        SELECT
          "orders_before"."amount_2"
        FROM "orders_before"
        WHERE
          FALSE
      ) AS "amount_2"
    FROM "orders"
    UNION ALL
    SELECT
      "orders_before"."metric_time__day",
      (
        SELECT
          "orders"."amount"
        FROM "orders"
        WHERE
          FALSE
      ) AS "amount",
      "orders_before"."amount_2" AS "amount_2"
    FROM "orders_before"
  ) AS "stacked"
  GROUP BY
    "stacked"."metric_time__day"
)
SELECT
  "joined"."metric_time__day" AS "metric_time__day",
  (
    CAST("joined"."amount" AS DOUBLE PRECISION) / NULLIF("joined"."amount_2", 0) - 1
  ) AS "growth"
FROM "joined"
