"""sidemantic, its models written by hand in its own form: facts that meet on a model of dates.

A ratio of two facts needs a model that both are joined to, so time is asked of ``dates`` and every fact gets a column with its day. For
channels there is no such table in the star schema; both facts carry the name. What comes out is compared like all others.
"""

from datetime import date, timedelta

from asking import main

_REACH_BACK = {"revenue_28d": 27, "revenue_growth": 31}

_METRICS = {
    "sessions": "sessions.sessions",
    "revenue": "orders.revenue",
    "spend": "ad_spend.spend",
    "tickets_created": "tickets.tickets_created",
}


def load(manifest, database):
    from sidemantic import Dimension, Metric, Model, Relationship, SemanticLayer

    layer = SemanticLayer(auto_register=False)

    def fact(name, table, key, day, channel, metrics):
        dimensions = [Dimension(name="at", type="time", sql=day, granularity="day")]
        dimensions += [Dimension(name="channel", type="categorical", sql="channel")] if channel else []
        joins = [Relationship(name="dates", type="many_to_one", foreign_key="on_day", primary_key="date_day")]
        rows = f"select *, cast({day} as date) as on_day from {table}"
        layer.add_model(
            Model(name=name, sql=rows, primary_key=key, dimensions=dimensions, relationships=joins, metrics=metrics)
        )

    layer.add_model(
        Model(
            name="dates",
            table="core.dim_dates",
            primary_key="date_day",
            dimensions=[Dimension(name="day", type="time", sql="date_day", granularity="day")],
        )
    )
    visits = [Metric(name="sessions", agg="count"), Metric(name="bounces", agg="count", filters=["is_bounced"])]
    fact("sessions", "core.fct_sessions", "session_id", "started_at", True, visits)
    purchases = [Metric(name="orders", agg="count"), Metric(name="revenue", agg="sum", sql="amount")]
    fact("orders", "core.fct_orders", "order_id", "ordered_at", True, purchases)
    fact("ad_spend", "core.fct_ad_spend", "campaign_id", "spent_on", True, [Metric(name="spend", agg="sum", sql="cost")])
    fact("tickets", "core.fct_tickets", "ticket_id", "created_at", False, [Metric(name="tickets_created", agg="count")])
    ratios = {
        "bounce_rate": ("sessions.bounces", "sessions.sessions"),
        "conversion_rate": ("orders.orders", "sessions.sessions"),
        "average_order_value": ("orders.revenue", "orders.orders"),
        "roas": ("orders.revenue", "ad_spend.spend"),
    }
    for name, (above, below) in ratios.items():
        layer.add_metric(Metric(name=name, type="ratio", numerator=above, denominator=below))
    layer.add_metric(Metric(name="revenue_28d", type="cumulative", sql="orders.revenue", window="27 days"))
    layer.add_metric(
        Metric(
            name="revenue_growth",
            type="time_comparison",
            base_metric="orders.revenue",
            comparison_type="mom",
            calculation="percent_change",
        )
    )

    def compile_one(name, question):
        # One fact alone is asked by its own time: from dates it would show days without rows, as 0.
        own = {"sessions": "sessions", "revenue_28d": "orders", "revenue_growth": "orders"}.get(question["metrics"][0])
        alone = own and len(question["metrics"]) == 1
        time = f"{own}.at" if alone else "dates.day"
        outputs, dimensions = [], []
        for item in question["group_by"]:
            if item.startswith("metric_time__"):
                grain = item.removeprefix("metric_time__")
                dimensions.append(f"{time}__{grain}")
                outputs.append((f"CAST({time.split('.')[1]}__{grain} AS DATE)", item))
            else:
                dimensions.append(f"orders.{item}")
                outputs.append((item, item))
        metrics = [_METRICS.get(metric, metric) for metric in question["metrics"]]
        for metric in question["metrics"]:
            # Its change is in percent.
            outputs.append((f"{metric} / 100" if metric == "revenue_growth" else metric, metric))
        first, end = date.fromisoformat(question["start"]), date.fromisoformat(question["end"]) + timedelta(days=1)
        # A window sees only what the filter lets through, so the filter reaches back and the range is cut afterwards.
        since = first - timedelta(days=_REACH_BACK.get(question["metrics"][0], 0))
        inner = layer.compile(metrics=metrics, dimensions=dimensions, filters=[f"{time} >= '{since}'", f"{time} < '{end}'"])
        plain = "\n".join(line for line in inner.splitlines() if not line.startswith("-- "))
        columns = ", ".join(f'{value} as "{name}"' for value, name in outputs)
        cut = f" where {outputs[0][0]} >= '{first}'" if since < first else ""
        return f"select {columns} from ({plain}){cut}"

    return compile_one


if __name__ == "__main__":
    main(load)
