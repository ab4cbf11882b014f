WITH "orders" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE) AS "metric_time__month",
    COUNT("fact".order_id) AS "order_count"
  FROM "core"."orders" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE)
), "sessions" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE) AS "metric_time__month",
    COUNT(*) AS "session_count"
  FROM "core"."sessions" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST(DATE_TRUNC('MONTH', "fact"."at") AS DATE)
), "joined" AS (
  SELECT
    "stacked"."metric_time__month",
    MAX("stacked"."order_count") AS "order_count",
    MAX("stacked"."session_count") AS "session_count"
  FROM (
    SELECT
      "orders"."metric_time__month",
      "orders"."order_count" AS "order_count",
      (
        SELECT
          "sessions"."session_count"
        FROM "sessions"
        WHERE
          FALSE
      ) AS "session_count"
    FROM "orders"
    UNION ALL
    SELECT
      "sessions"."metric_time__month",
      (
        SELECT
          "orders"."order_count"
        FROM "orders"
        WHERE
          FALSE
      ) AS "order_count",
      "sessions"."session_count" AS "session_count"
    FROM "sessions"
  ) AS "stacked"
  GROUP BY
    "stacked"."metric_time__month"
)
SELECT
  "joined"."metric_time__month" AS "metric_time__month",
  CAST("joined"."order_count" AS DOUBLE PRECISION) / NULLIF("joined"."session_count", 0) AS "conversion",
  "joined"."order_count" AS "conversion__numerator",
  "joined"."session_count" AS "conversion__denominator"
FROM "joined"
