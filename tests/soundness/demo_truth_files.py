"""The demo company's raw files as tidy frames: one frame per fact, cleaned by hand-written rules.

Every frame has `day` (local date on which a row counts), its weights, and one column per dimension that a row carries.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from tests.soundness.demo_truth_time import ExchangeRates, Settings, business_minutes, local_day

NETWORK_CHANNELS = {"SEARCH": "paid_search", "SOCIAL": "paid_social", "DISPLAY": "display"}
TICKET_CHANNELS = {"native_messaging": "chat", "voice": "phone"}
UNKNOWN = "unknown"
# something@something.something: one at sign, no blanks, a dot in the domain
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def _csv(files: Path, pattern: str, separator: str = ",") -> pd.DataFrame:
    """All files as text; an empty field is NaN."""
    found = [pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False) for path in sorted(files.glob(pattern))]
    return pd.concat(found, ignore_index=True).replace("", np.nan)


def _json_lines(files: Path, pattern: str) -> pd.DataFrame:
    rows = [
        json.loads(line) for path in sorted(files.glob(pattern)) for line in path.read_text("utf-8").splitlines() if line
    ]
    return pd.DataFrame(rows)


def _sqlite(files: Path, table: str) -> pd.DataFrame:
    with sqlite3.connect(files / "crm.sqlite") as con:
        return pd.read_sql_query(f"select * from {table}", con)


def _utc(text: pd.Series, form: str = "ISO8601") -> pd.Series:
    return pd.to_datetime(text, format=form, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def _lookup(keys: pd.Series, table: pd.DataFrame, key: str, columns: Iterable[str]) -> pd.DataFrame:
    """Columns of the table's row whose key matches; NaN where none does."""
    return table.set_index(key)[list(columns)].reindex(keys).set_index(keys.index)


class DemoFiles:
    """Reads the files once; each attribute is a fact of the module's docstring."""

    def __init__(self, files: Path, settings: Settings) -> None:
        """Read everything under ``files``."""
        self.files = self._files = files
        self.settings = self._settings = settings
        rates = _csv(files, "finance/exchange_rates.csv")
        quotes = pd.DataFrame(
            {
                "day": pd.to_datetime(rates["time_period"]).astype("datetime64[us]"),
                "currency": rates["currency"],
                "units": rates["obs_value"].astype("float64"),
            }
        )
        self.rates = self._rates = ExchangeRates(quotes, settings.currency)
        self._customers = _csv(files, "shop/customers.csv")
        self.ads = self._ads()
        self.sessions = self._sessions()
        self.order_days, self.orders = self._orders()
        self.first_orders = self._first_orders()
        self.order_lines, self.refunds, self.refunded_lines = self._lines_and_refunds()
        self.leads = self._leads()
        self.opportunities = self._opportunities()
        self.tickets = self._tickets()
        self.invitations = self._invitations()
        self.leads["is_won"] = self.leads["lead_id"].isin(self.opportunities.query("is_won")["lead_id"])

    def _day(self, utc: pd.Series) -> pd.Series:
        return local_day(utc, self._settings)

    def _ads(self) -> pd.DataFrame:
        """One row per platform, day, campaign and country. A day is the platform's own; nothing to convert but money."""
        raw = _csv(self._files, "ads/ad_performance_*.csv")
        raw = raw.drop_duplicates(["data_source", "report_date", "campaign_id", "geo"], keep="last", ignore_index=True)
        day = pd.to_datetime(raw["report_date"]).astype("datetime64[us]")
        return pd.DataFrame(
            {
                "day": day,
                "impressions": raw["impressions"].astype("int64"),
                "clicks": raw["clicks"].astype("int64"),
                "spend": self._rates.convert(raw["cost"], raw["account_currency"], day),
                "platform": raw["data_source"],
                "campaign": raw["campaign_name"],
                "channel": raw["network"].map(NETWORK_CHANNELS),
                "source": raw["utm_source"],
                "medium": raw["utm_medium"],
                "country": raw["geo"],
            }
        )

    def _sessions(self) -> pd.DataFrame:
        """One row per visit; a visit that came late lies in a later file, one that came twice counts once."""
        columns = {
            "ga_session_id": "session_id",
            "session_start": "started_at",
            "session_source": "source",
            "session_medium": "medium",
            "session_campaign": "campaign",
            "device_category": "device",
            "country_code": "country",
            "screen_page_views": "page_views",
        }
        kept = [*columns, "default_channel_group", "engaged_session", "add_to_carts"]
        found = [pd.read_parquet(path, columns=kept) for path in sorted(self._files.glob("web/sessions_*.parquet"))]
        texts = [name for name in kept if str(found[0][name].dtype) == "category"]
        raw = pd.concat([frame.astype(dict.fromkeys(texts, "str")) for frame in found], ignore_index=True)
        raw = raw.drop_duplicates("ga_session_id", keep="last", ignore_index=True).rename(columns=columns)
        raw["session_id"] = raw["session_id"].astype("int64").astype(str)
        raw["day"] = self._day(raw["started_at"].astype("datetime64[us]"))
        group = raw["default_channel_group"]
        raw["channel"] = group.str.lower().str.replace(" ", "_").where(group != "Organic Social", "social")
        raw = raw.fillna({"device": UNKNOWN, "country": UNKNOWN})
        return raw.assign(bounced=raw["engaged_session"].eq(0), carted=raw["add_to_carts"].gt(0))

    def _orders(self) -> tuple[pd.Series, pd.DataFrame]:
        """Days of all orders, tests too (they show that the shop has delivered), and one row per order of a customer."""
        raw = _csv(self._files, "shop/orders_*.csv").sort_values("updated_at", kind="stable")
        raw = raw.drop_duplicates("id", keep="last", ignore_index=True)
        raw["ordered_at"] = _utc(raw["created_at"])
        raw["day"] = self._day(raw["ordered_at"])
        all_days = raw["day"]
        self._test_orders = set(raw.loc[raw["test"] == "true", "id"])
        raw = raw[raw["test"] != "true"].reset_index(drop=True)
        goods = raw["subtotal_price"].map(Decimal) - raw["total_discounts"].map(Decimal)
        raw["gross"] = self._rates.convert(goods, raw["presentment_currency"], raw["day"])
        visit = _lookup(raw["landing_session_id"], self.sessions, "session_id", ("channel", "device", "country"))
        country = raw["shipping_country"].fillna(self._country_of(raw["customer_id"])).fillna(visit.pop("country"))
        raw["shipping"] = self._rates.convert(raw["shipping_cost"].map(Decimal), raw["presentment_currency"], raw["day"])
        raw["promised_at"], raw["delivered_at"] = _utc(raw["delivery_promised_at"]), _utc(raw["delivered_at"])
        kept = raw[["id", "customer_id", "ordered_at", "day", "gross", "shipping", "promised_at", "delivered_at"]]
        kept = kept.rename(columns={"id": "order_id"})
        return all_days, kept.join(visit).assign(country=country.fillna(UNKNOWN))

    def _first_orders(self) -> pd.DataFrame:
        """One row per customer, on the day of the first order; `next_at` is the time of the second."""
        known = self.orders[self.orders["customer_id"].notna()]
        ordered = known.sort_values(["ordered_at", "order_id"])
        ordered["next_at"] = ordered.groupby("customer_id")["ordered_at"].shift(-1)
        first = ordered.drop_duplicates("customer_id", keep="first").copy()
        first["repeated"] = (first["next_at"] - first["ordered_at"]) <= pd.Timedelta(hours=30 * 24)
        return first

    def _lines_and_refunds(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Lines by the day of the order; refunds by their own day; refunds by the day of their order."""
        order_columns = ("day", "channel", "device", "country")
        products = _csv(self._files, "shop/products.csv").rename(columns={"product_type": "product_category"})
        lines = _csv(self._files, "shop/order_lines_*.csv").drop_duplicates("line_id", ignore_index=True)
        lines = lines[lines["order_id"].isin(self.orders["order_id"])].reset_index(drop=True)
        lines = lines.join(_lookup(lines["product_id"], products, "sku", ["product_category"]).fillna(UNKNOWN))
        lines = lines.join(_lookup(lines["order_id"], self.orders, "order_id", order_columns))
        lines["quantity"] = lines["quantity"].astype("float64")
        raw = _csv(self._files, "shop/refunds.csv").drop_duplicates("refund_id", ignore_index=True)
        # an order from before the history may still be refunded: only refunds of test orders are left out
        raw = raw[~raw["order_id"].isin(self._test_orders)].reset_index(drop=True)
        raw["refund_day"] = self._day(_utc(raw["processed_at"]))
        raw["amount"] = self._rates.convert(raw["amount"], raw["currency"], raw["refund_day"])
        raw["quantity"] = raw["quantity"].astype("float64").fillna(1.0)
        raw = raw.join(_lookup(raw["order_id"], self.orders, "order_id", order_columns))
        raw = raw.join(_lookup(raw["line_id"], lines, "line_id", ["product_category"]).fillna(UNKNOWN))
        self.orders["refunded"] = self.orders["order_id"].isin(raw["order_id"])
        return lines, raw.assign(day=raw["refund_day"]), raw[raw["day"].notna()]

    def _leads(self) -> pd.DataFrame:
        """One row per lead with `valid`: reachable, not a test, the first with its e-mail address."""
        raw = _sqlite(self._files, "leads")
        raw["created_at"] = _utc(raw["created_at"])
        raw["day"] = self._day(raw["created_at"])
        email = raw["email"].fillna("").str.strip().str.lower()
        has_email = email.str.match(EMAIL)
        has_phone = raw["phone"].fillna("").str.count(r"\d").between(7, 15)
        by_time = raw.assign(email=email)[has_email].sort_values(["created_at", "lead_id"])
        repeated = by_time.duplicated("email", keep="first").reindex(raw.index, fill_value=False)
        is_test = email.str.endswith("@juniper-finch.test")
        raw["is_test"], raw["repeats"] = is_test, repeated
        raw["valid"] = (has_email | has_phone) & ~repeated & ~is_test
        raw["channel"] = raw["lead_source"].str.lower().str.replace(" ", "_")
        raw = raw.rename(columns={"country_code": "country", "owner_name": "owner", "team_name": "team"})
        return raw[["lead_id", "day", "valid", "is_test", "repeats", "channel", "country", "owner", "team"]]

    def _opportunities(self) -> pd.DataFrame:
        """One row per decided opportunity, on the day it closed; its channel is its lead's."""
        raw = _sqlite(self._files, "opportunities")
        raw["is_won"] = raw["stage_name"].eq("Closed Won")
        raw = raw[raw["stage_name"].isin(["Closed Won", "Closed Lost"])].reset_index(drop=True)
        raw["day"] = self._day(_utc(raw["closed_at"]))
        raw = raw.rename(columns={"team_name": "team", "owner_name": "owner", "country_code": "country"})
        raw = raw[["lead_id", "day", "is_won", "team", "owner", "country"]]
        return raw.join(_lookup(raw["lead_id"], self.leads, "lead_id", ["channel"]))

    def _tickets(self) -> pd.DataFrame:
        """One row per ticket in its latest state, tests left out."""
        raw = _json_lines(self._files, "helpdesk/tickets_*.jsonl").sort_values("updated_at", kind="stable")
        raw = raw.drop_duplicates("id", keep="last", ignore_index=True)
        replies = _json_lines(self._files, "helpdesk/ticket_replies_*.jsonl").drop_duplicates("id", ignore_index=True)
        replies["replied_at"] = _utc(replies["created_at"])
        # a reply is public unless the source says otherwise
        human = replies[replies["author_role"].eq("agent") & replies["public"].ne(False)]
        raw = raw[~raw["subject"].str.startswith("TEST ")].reset_index(drop=True)
        raw["created_at"], raw["solved_at"] = _utc(raw["created_at"]), _utc(raw["solved_at"])
        asked_at = human["ticket_id"].map(raw.set_index("id")["created_at"])
        first = human[human["replied_at"] >= asked_at].groupby("ticket_id")["replied_at"].min()
        raw["first_reply_at"] = raw["id"].map(first)
        answered = raw["first_reply_at"].notna()
        raw.loc[answered, "response_minutes"] = business_minutes(
            raw.loc[answered, "created_at"], raw.loc[answered, "first_reply_at"], self._settings
        )
        raw["day"], raw["solved_day"] = self._day(raw["created_at"]), self._day(raw["solved_at"])
        raw["at_first_contact"] = raw["id"].map(human["ticket_id"].value_counts()).eq(1) & raw["reopens"].eq(0)
        raw["ticket_channel"] = raw["via_channel"].replace(TICKET_CHANNELS)
        raw["country"] = self._country_of(raw["requester_external_id"].astype(str)).fillna(UNKNOWN)
        return raw.rename(columns={"group_name": "team"})

    def _country_of(self, customer_id: pd.Series) -> pd.Series:
        return customer_id.map(self._customers.set_index("id")["default_country"])

    def _invitations(self) -> pd.DataFrame:
        """One row per invitation to the satisfaction or recommendation survey; `day` is that of the answer, or NaT."""
        csat = _csv(self._files, "surveys/csat.csv")
        about = _lookup(
            csat["ticket_id"], self.tickets.assign(id=self.tickets["id"].astype(str)), "id", ["team", "ticket_channel"]
        )
        csat = csat.join(about).assign(
            survey="csat",
            sent_at=_utc(csat["sent_at"]),
            answered_at=_utc(csat["answered_at"]),
            score=csat["satisfaction"].astype("float64"),
            country=self._country_of(csat["customer_id"]),
        )
        nps = _csv(self._files, "surveys/nps.csv", ";")
        german = "%d.%m.%Y %H:%M:%S"
        nps = nps.assign(
            survey="nps",
            sent_at=_utc(nps["versendet"], german),
            answered_at=_utc(nps["beantwortet"], german),
            score=nps["wert"].astype("float64"),
            country=nps["land"].fillna(self._country_of(nps["kunde"])),
        )
        both = pd.concat([csat, nps], ignore_index=True).fillna({"country": UNKNOWN})
        both["sent_day"], both["day"] = self._day(both["sent_at"]), self._day(both["answered_at"])
        return both[["survey", "sent_day", "day", "score", "team", "ticket_channel", "country"]]
