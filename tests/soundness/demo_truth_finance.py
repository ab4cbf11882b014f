"""Profit, customers and subscriptions of the demo company, in pandas from its raw files. See demo_truth.py.

Stocks are counted the long way: on each first morning and last evening, the subscriptions that run at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from tests.soundness.demo_truth import ALL_GRAINS, NONE, Part, _Builder, _key_names
from tests.soundness.demo_truth_files import UNKNOWN, DemoFiles, _csv, _json_lines, _lookup, _utc
from tests.soundness.demo_truth_time import PERIODS, is_closed, local_day

WEEKS_UP, MONTHS_UP, QUARTERS = ALL_GRAINS[1:], ALL_GRAINS[2:], ALL_GRAINS[3:]
YEAR = pd.Timedelta(days=365)
Value = Callable[[str, str], pd.Series]


def add_finance(builder: _Builder, demo: DemoFiles, files: Path, closed: dict[str, pd.Timestamp]) -> None:
    """Add the metrics of this module to ``builder``."""
    finance = _Finance(builder, demo, files, closed)
    finance.profit()
    finance.typed_in()
    finance.reviews()
    finance.activation()
    finance.lifetime_value()
    _Subscriptions(builder, demo, files, closed).add()


class _Finance:
    def __init__(self, builder: _Builder, demo: DemoFiles, files: Path, closed: dict[str, pd.Timestamp]) -> None:
        self._builder, self._demo, self._files, self._closed = builder, demo, files, closed
        self._shop_and_web = min(closed["shop"], closed["web"])
        # what is typed in is there as soon as the files are read: until the day before the company's today
        self._typed_until = max(closed.values())
        raw = _csv(files, "shop/orders_*.csv").sort_values("updated_at", kind="stable")
        raw = raw.drop_duplicates("id", keep="last").set_index("id")
        own = raw.reindex(demo.orders["order_id"])
        currency = own["presentment_currency"].set_axis(demo.orders.index)
        cost = own["total_cost"].set_axis(demo.orders.index).map(Decimal)
        self._orders = demo.orders.assign(cost=demo._rates.convert(cost, currency, demo.orders["day"]))

    def _value(self, name: str) -> Value:
        return lambda grain, by: self._builder.metrics[name].compute(grain, by)["value"]

    def _derived(self, name: str, grains: tuple[str, ...], value: Value, n: str) -> None:
        """A value of other metrics' values; ``n`` names the metric that counts its observations."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            found = value(grain, by)
            count = self._value(n)(grain, by).reindex(found.index)
            return pd.DataFrame({"numerator": np.nan, "denominator": np.nan, "value": found, "n": count})

        self._builder._add(name, grains, compute)

    def profit(self) -> None:
        builder, demo = self._builder, self._demo
        back = demo.refunded_lines
        builder.of(self._shop_and_web, "channel", "country", "device")
        builder.sums("refunds_by_order_date", Part(back, "amount"))
        builder.sums("revenue_by_order_date", Part(demo.orders, "gross"), Part(back, "amount", -1.0))
        builder.of(self._shop_and_web, "channel", "country")
        builder.sums("cost_of_goods", Part(self._orders, "cost"))
        revenue, cost = self._value("revenue"), self._value("cost_of_goods")
        # no order, no cost that is known: then there is no profit to tell
        self._derived("gross_profit", WEEKS_UP, lambda grain, by: revenue(grain, by) - cost(grain, by), "orders")
        profit = self._value("gross_profit")
        self._derived("gross_margin", WEEKS_UP, lambda grain, by: _divided(profit(grain, by), revenue(grain, by)), "orders")

    def typed_in(self) -> None:
        builder = self._builder
        raw = pd.read_excel(self._files / "finance" / "manual_values.xlsx", keep_default_na=False)
        raw = raw.assign(day=raw["period_start"].astype("datetime64[us]"), segment=raw["segment"].replace("", "all"))
        raw["weighted"] = raw["value"] * raw["weight"]
        rows = {name: raw[raw["metric"] == name] for name in raw["metric"].unique()}
        builder.of(self._typed_until, "segment")
        builder.sums("operating_costs", Part(rows["operating_costs"], "value"), grains=MONTHS_UP)
        for name, grains, segments in (("market_share", MONTHS_UP, ["segment"]), ("return_on_assets", QUARTERS, [])):
            above, below = Part(rows[name], "weighted"), Part(rows[name], "weight")
            builder.of(self._typed_until, *segments)
            builder.sums(f"{name}_entries", Part(rows[name]), grains=grains)
            builder.sums(f"{name}_weighted", above, grains=grains)
            builder.sums(f"{name}_weight", below, grains=grains)
            builder.ratio(name, above, below, grains=grains)
            self._counted_by(name, f"{name}_entries")
        builder.of(min(self._shop_and_web, self._typed_until))
        profit, costs, revenue = self._value("gross_profit"), self._value("operating_costs"), self._value("revenue")
        self._derived("net_profit", MONTHS_UP, lambda grain, by: profit(grain, by) - costs(grain, by), "orders")
        net = self._value("net_profit")
        margin: Value = lambda grain, by: _divided(net(grain, by), revenue(grain, by))  # noqa: E731
        self._derived("net_profit_margin", MONTHS_UP, margin, "orders")

    def _counted_by(self, name: str, n: str) -> None:
        """Replace the number of observations of a metric by another metric's value."""
        metric = self._builder.metrics[name]
        compute = metric.compute
        self._builder._add(name, metric.grains, lambda grain, by: compute(grain, by).assign(n=self._value(n)(grain, by)))

    def reviews(self) -> None:
        demo, builder = self._demo, self._builder
        raw = _json_lines(self._files, "shop/reviews.jsonl").drop_duplicates("review_id", ignore_index=True)
        raw["day"] = local_day(_utc(raw["submitted_at"]), builder.settings)
        products = _csv(self._files, "shop/products.csv").rename(columns={"product_type": "product_category"})
        raw = raw.join(_lookup(raw["product_sku"], products, "sku", ["product_category"]).fillna(UNKNOWN))
        raw = raw.join(_lookup(raw["order_id"].astype(str), demo.orders, "order_id", ["channel", "country"]))
        country = raw["country"].replace(UNKNOWN, np.nan).fillna(demo._country_of(raw["customer_id"].astype(str)))
        raw = raw.assign(country=country.fillna(UNKNOWN), positive=raw["stars"] >= 4)
        builder.of(self._shop_and_web, "product_category", "channel", "country")
        builder.sums("ratings", Part(raw))
        builder.sums("rating_stars", Part(raw, "stars"))
        builder.sums("positive_ratings", Part(raw, "positive"))
        builder.ratio("review_rating", Part(raw, "stars"), Part(raw), grains=WEEKS_UP)
        builder.ratio("positive_review_share", Part(raw, "positive"), Part(raw), grains=WEEKS_UP)

    def activation(self) -> None:
        builder, closed = self._builder, self._closed["shop"]
        raw = _csv(self._files, "shop/customers.csv").drop_duplicates("id", ignore_index=True)
        created, reached = _utc(raw["created_at"]), _utc(raw["first_routine_at"])
        raw["day"] = local_day(created, builder.settings)
        raw["activated"] = (reached - created) <= pd.Timedelta(hours=7 * 24)
        raw = raw.rename(columns={"customer_group": "customer_segment", "default_country": "country"})
        old = raw[raw["day"] + pd.Timedelta(days=7) <= closed]
        builder.of(closed, "customer_segment", "country")
        builder.sums("signups_mature", Part(old))
        builder.sums("signups_activated", Part(old, "activated"))
        builder.ratio("activation_rate", Part(old, "activated"), Part(old), grains=WEEKS_UP)

    def lifetime_value(self) -> None:
        builder, demo = self._builder, self._demo
        first = demo.first_orders[demo.first_orders["day"] + YEAR <= self._closed["shop"]].copy()
        ends = first.set_index("customer_id")["ordered_at"] + YEAR
        orders = self._orders[self._orders["customer_id"].isin(first["customer_id"])].copy()
        orders["ends"] = orders["customer_id"].map(ends)
        orders = orders[orders["ordered_at"] < orders["ends"]]
        back = demo.refunds[["order_id", "amount"]].assign(at=_utc(demo.refunds["processed_at"]))
        back["ends"] = back["order_id"].map(orders.set_index("order_id")["ends"])
        in_time = back[back["at"] < back["ends"]].groupby("order_id")["amount"].sum()
        orders["profit"] = orders["gross"] - orders["cost"] - orders["order_id"].map(in_time).fillna(0.0)
        first["profit"] = first["customer_id"].map(orders.groupby("customer_id")["profit"].sum())
        first["first_profit"] = first["order_id"].map(orders.set_index("order_id")["profit"])
        people, profit, of_first = Part(first), Part(first, "profit"), Part(first, "first_profit")
        builder.of(self._shop_and_web, "channel", "country")
        builder.sums("cohort_customers", people)
        builder.sums("cohort_gross_profit", profit)
        builder.sums("cohort_first_order_profit", of_first)
        builder.ratio("customer_lifetime_value", profit, people, grains=MONTHS_UP)
        builder.ratio("first_order_profit", of_first, people)
        builder.of(min(self._shop_and_web, self._closed["ads"]), "channel", "country")
        value, at_once, cost = (self._value(name) for name in ("customer_lifetime_value", "first_order_profit", "cac"))
        to_cost: Value = lambda grain, by: _divided(value(grain, by), cost(grain, by))  # noqa: E731
        self._derived("ltv_to_cac", MONTHS_UP, to_cost, "cohort_customers")

        def payback(grain: str, by: str) -> pd.Series:
            parts = {"worth": value(grain, by), "at_once": at_once(grain, by), "spent": cost(grain, by)}
            rows = pd.concat(parts, axis=1)
            later = (rows["worth"] - rows["at_once"]).where(lambda profit: profit > 0)
            days = 365 * (rows["spent"] - rows["at_once"]) / later
            return days.mask(rows["spent"] <= rows["at_once"], 0.0)

        self._derived("cac_payback_days", MONTHS_UP, payback, "cohort_customers")


def _divided(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.replace(0.0, np.nan)


class _Subscriptions:
    def __init__(self, builder: _Builder, demo: DemoFiles, files: Path, closed: dict[str, pd.Timestamp]) -> None:
        self._builder, self._closed = builder, closed["shop"]
        raw = _csv(files, "shop/subscriptions.csv").drop_duplicates("subscription_id", ignore_index=True)
        raw["first_on"] = local_day(_utc(raw["start_date"]), builder.settings)
        raw["last_on"] = local_day(_utc(raw["canceled_at"]), builder.settings)
        raw["amount"] = demo._rates.convert(raw["monthly_amount"], raw["currency"], raw["first_on"])
        raw["country"] = demo._country_of(raw["customer_id"]).fillna(UNKNOWN)
        self._rows = raw

    def add(self) -> None:
        """Stocks at the first morning and the last evening of each period, what came and went between, and rates."""
        self._builder.of(self._closed, "plan", "country")
        began, ended = self._moved("first_on"), self._moved("last_on")
        evening, morning = self._stock(at_start=False), self._stock(at_start=True)
        self._put("active_subscriptions", evening("one"), evening("one"))
        self._put("subscriptions_at_start", morning("one"), morning("one"))
        self._put("mrr", evening("amount"), evening("one"))
        self._put("mrr_at_start", morning("amount"), morning("one"))
        for name, value, n in (
            ("new_subscriptions", began("one"), began("one")),
            ("cancelled_subscriptions", ended("one"), ended("one")),
            ("new_mrr", began("amount"), began("one")),
            ("churned_mrr", ended("amount"), ended("one")),
        ):
            self._put(name, value, n, is_additive=True)
        start, there = morning("amount"), morning("one")
        lost, gone, finish = ended("amount"), ended("one"), evening("amount")

        def retained(grain: str, by: str) -> pd.Series:
            return start(grain, by) - lost(grain, by)

        self._put("retained_mrr", retained, there)
        self._put("churn_rate", lambda g, by: _divided(gone(g, by), there(g, by)), there, WEEKS_UP)
        self._put("retention_rate", lambda g, by: _divided(retained(g, by), start(g, by)), there, WEEKS_UP)
        self._builder.of(self._closed)
        self._put("mrr_growth", lambda g, by: _divided(finish(g, by), start(g, by)) - 1, there, MONTHS_UP)

    def _put(
        self, name: str, value: Value, n: Value, grains: tuple[str, ...] = ALL_GRAINS, is_additive: bool = False
    ) -> None:
        def compute(grain: str, by: str) -> pd.DataFrame:
            found = value(grain, by)
            above = found if is_additive else np.nan
            return pd.DataFrame({"numerator": above, "denominator": np.nan, "value": found, "n": n(grain, by)})

        self._builder._add(name, grains, compute, is_additive)

    def _stock(self, at_start: bool) -> Callable[[str], Value]:
        """What runs at the edge of each period; a member that has nothing then has 0."""
        began, ended = self._rows["first_on"].to_numpy(), self._rows["last_on"].to_numpy()

        def of(column: str) -> Value:
            def value(grain: str, by: str) -> pd.Series:
                found = {}
                for start, end in self._periods(grain):
                    # in the morning runs what began on an earlier day and did not end on one
                    evening = (start - pd.Timedelta(days=1) if at_start else end).to_datetime64()
                    found[start] = self._summed((began <= evening) & ~(ended <= evening), column, by)
                return _by_period(found, by)

            return value

        return of

    def _moved(self, day: str) -> Callable[[str], Value]:
        """What began or ended in each period."""
        moved_on = self._rows[day].to_numpy()

        def of(column: str) -> Value:
            def value(grain: str, by: str) -> pd.Series:
                within = {
                    start: (moved_on >= start.to_datetime64()) & (moved_on <= end.to_datetime64())
                    for start, end in self._periods(grain)
                }
                return _by_period({start: self._summed(rows, column, by) for start, rows in within.items()}, by)

            return value

        return of

    def _periods(self, grain: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
        """First and last day of every closed period since the history starts."""
        days = pd.period_range(self._builder.settings.history_start, self._closed, freq=PERIODS[grain])
        starts = pd.Series(days.start_time)
        kept = days[is_closed(starts, grain, self._closed).to_numpy()]
        return [(period.start_time, period.end_time.normalize()) for period in kept]

    def _summed(self, chosen: np.ndarray, column: str, by: str) -> pd.Series:
        weight = self._rows[column].to_numpy() if column != "one" else np.ones(len(chosen))
        codes, members = pd.factorize(self._rows[by]) if by else (np.zeros(len(chosen), dtype=np.int64), [""])
        return pd.Series(np.bincount(codes, weight * chosen, len(members)), index=members)


def _by_period(found: dict[pd.Timestamp, pd.Series], by: str) -> pd.Series:
    """Index period_start and, where asked for, member."""
    both = pd.concat(found, names=_key_names(by) if by else ["period_start", "member"])
    assert NONE not in both.index.get_level_values(1)
    return both if by else both.droplevel(1)
