"""sidemantic, its models written by hand in its own form: facts that meet on a model of dates.

A ratio of two facts needs a model that both are joined to, so time is asked of ``dates`` and the join is an expression. For
channels there is no such table in the star schema; both facts carry the name. What comes out is compared like all others.
"""

from asking import main

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
        dimensions = [Dimension(name="channel", type="categorical", sql="channel")] if channel else []
        joins = [Relationship(name="dates", type="many_to_one", foreign_key=f"CAST({day} AS DATE)", primary_key="date_day")]
        layer.add_model(
            Model(name=name, table=table, primary_key=key, dimensions=dimensions, relationships=joins, metrics=metrics)
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
        outputs, dimensions = [], []
        for item in question["group_by"]:
            if item.startswith("metric_time__"):
                dimensions.append(f"dates.day__{item.removeprefix('metric_time__')}")
                outputs.append((f"CAST(day__{item.removeprefix('metric_time__')} AS DATE)", item))
            else:
                dimensions.append(f"orders.{item}")
                outputs.append((item, item))
        metrics = [_METRICS.get(metric, metric) for metric in question["metrics"]]
        for metric in question["metrics"]:
            # Its change is in percent.
            outputs.append((f"{metric} / 100" if metric == "revenue_growth" else metric, metric))
        span = [f"dates.day >= '{question['start']}'", f"dates.day <= '{question['end']}'"]
        inner = layer.compile(metrics=metrics, dimensions=dimensions, filters=span)
        columns = ", ".join(f'{value} as "{name}"' for value, name in outputs)
        return f"select {columns} from ({inner.split('-- sidemantic:')[0].rstrip().rstrip(';')})"

    return compile_one


if __name__ == "__main__":
    main(load)
