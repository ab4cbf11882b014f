WITH "orders_trailing_7_days_daily" AS (
  SELECT
    CAST("fact"."at" AS DATE) AS "__day",
    "fact"."status" AS "order__status",
    SUM("fact"."amount") AS "amount"
  FROM "core"."orders" AS "fact"
  WHERE
    "fact"."at" >= CAST('2024-02-24' AS DATE)
    AND "fact"."at" < CAST('2024-04-01' AS DATE)
  GROUP BY
    CAST("fact"."at" AS DATE),
    "fact"."status"
), "orders_trailing_7_days_on_day" AS (
  SELECT
    "events"."__day",
    "events"."__shown_on",
    "events"."order__status",
    SUM("events"."amount") OVER (
      PARTITION BY "events"."order__status"
      ORDER BY "events"."__day" NULLS FIRST
      RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND CURRENT ROW
    ) AS "amount",
    SUM("events"."__is_data") OVER (
      PARTITION BY "events"."order__status"
      ORDER BY "events"."__day" NULLS FIRST
      RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND CURRENT ROW
    ) AS "__is_data"
  FROM (
    SELECT
      "orders_trailing_7_days_daily"."__day",
      "orders_trailing_7_days_daily"."order__status",
      "orders_trailing_7_days_daily"."amount",
      1 AS "__is_data",
      CAST(NULL AS DATE) AS "__shown_on"
    FROM "orders_trailing_7_days_daily"
    UNION ALL
    SELECT
      CAST("spine"."date_day" AS DATE) AS "__day",
      "member"."order__status",
      NULL,
      0,
      CAST("spine"."date_day" AS DATE)
    FROM "core"."days" AS "spine"
    CROSS JOIN (
      SELECT DISTINCT
        "orders_trailing_7_days_daily"."order__status"
      FROM "orders_trailing_7_days_daily"
    ) AS "member"
    WHERE
      "spine"."date_day" >= CAST('2024-03-01' AS DATE)
      AND "spine"."date_day" < CAST('2024-04-01' AS DATE)
  ) AS "events"
), "orders_trailing_7_days" AS (
  SELECT
    "period"."metric_time__month",
    "period"."order__status",
    "period"."amount"
  FROM (
    SELECT
      CAST(DATE_TRUNC('MONTH', "orders_trailing_7_days_on_day"."__day") AS DATE) AS "metric_time__month",
      "orders_trailing_7_days_on_day"."order__status" AS "order__status",
      "orders_trailing_7_days_on_day"."amount",
      ROW_NUMBER() OVER (
        PARTITION BY CAST(DATE_TRUNC('MONTH', "orders_trailing_7_days_on_day"."__day") AS DATE), "orders_trailing_7_days_on_day"."order__status"
        ORDER BY "orders_trailing_7_days_on_day"."__day" DESC
      ) AS "__ranked"
    FROM "orders_trailing_7_days_on_day"
    WHERE
      NOT "orders_trailing_7_days_on_day"."__shown_on" IS NULL
      AND "orders_trailing_7_days_on_day"."__is_data" > 0
  ) AS "period"
  WHERE
    "period"."__ranked" = 1
)
SELECT
  "orders_trailing_7_days"."metric_time__month" AS "metric_time__month",
  "orders_trailing_7_days"."order__status" AS "order__status",
  "orders_trailing_7_days"."amount" AS "trailing"
FROM "orders_trailing_7_days"
