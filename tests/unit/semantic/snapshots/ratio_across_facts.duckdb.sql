WITH "orders" AS (
  SELECT
    "calendar_of_days"."week" AS "metric_time__week",
    "fact"."session" AS "session",
    COUNT("fact".order_id) AS "order_count",
    SUM(CASE WHEN "fact"."status" = 'paid' THEN "fact"."amount" END) AS "amount",
    SUM("fact"."amount") AS "amount_2"
  FROM "core"."orders" AS "fact"
  LEFT JOIN "core"."sessions" AS "to_session"
    ON "fact"."session" = "to_session"."session"
  INNER JOIN (
    SELECT
      CAST("by_day"."day" AS DATE) AS "__day",
      CAST(DATE_TRUNC('WEEK', "by_day"."day") AS DATE) AS "week"
    FROM RANGE(CAST('2024-03-01' AS DATE), CAST('2024-04-01' AS DATE), INTERVAL '1' DAY) AS "by_day"("day")
  ) AS "calendar_of_days"
    ON CAST("fact"."at" AS DATE) = "calendar_of_days"."__day"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
    AND "to_session"."device" = 'mobile'
    AND "fact"."at" < CAST('2024-03-21' AS DATE)
  GROUP BY
    "calendar_of_days"."week",
    "fact"."session"
), "sessions" AS (
  SELECT
    "calendar_of_days"."week" AS "metric_time__week",
    "fact"."session" AS "session",
    COUNT(*) AS "session_count"
  FROM "core"."sessions" AS "fact"
  INNER JOIN (
    SELECT
      CAST("by_day"."day" AS DATE) AS "__day",
      CAST(DATE_TRUNC('WEEK', "by_day"."day") AS DATE) AS "week"
    FROM RANGE(CAST('2024-03-01' AS DATE), CAST('2024-04-01' AS DATE), INTERVAL '1' DAY) AS "by_day"("day")
  ) AS "calendar_of_days"
    ON CAST("fact"."at" AS DATE) = "calendar_of_days"."__day"
  WHERE
    "fact"."at" >= CAST('2024-03-01' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
    AND "fact"."device" = 'mobile'
    AND "fact"."at" < CAST('2024-03-21' AS DATE)
  GROUP BY
    "calendar_of_days"."week",
    "fact"."session"
)
SELECT
  COALESCE("orders"."metric_time__week", "sessions"."metric_time__week") AS "metric_time__week",
  COALESCE("orders"."session", "sessions"."session") AS "session",
  CAST("orders"."order_count" AS DOUBLE) / NULLIF("sessions"."session_count", 0) AS "conversion",
  "orders"."amount" AS "paid",
  "orders"."amount_2" AS "amount"
FROM "orders"
FULL JOIN "sessions"
  ON "orders"."metric_time__week" IS NOT DISTINCT FROM "sessions"."metric_time__week"
  AND "orders"."session" IS NOT DISTINCT FROM "sessions"."session"
ORDER BY
  "amount" DESC
LIMIT 10
