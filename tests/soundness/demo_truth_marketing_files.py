"""Marketing's own raw files of the demo company as tidy frames: visitors, mailings, posts, content, videos, touches, a survey.

Like demo_truth_files.py: every frame has `day` (local date on which a row counts), its weights, and its dimensions.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.soundness.demo_truth_files import UNKNOWN, DemoFiles, _csv, _json_lines, _lookup, _sqlite, _utc
from tests.soundness.demo_truth_time import local_day

LOOK_BACK = pd.Timedelta(hours=30 * 24)


class MarketingFiles:
    """Reads marketing's own files once; `day` is the local day on which a row counts."""

    def __init__(self, files: Path, demo: DemoFiles) -> None:
        """Read everything under ``files``; ``demo`` has read ads, visits and orders."""
        self._files, self._demo = files, demo
        self.visits = self._visits()
        self.emails = _csv(files, "email/campaign_sends.csv")
        self.emails = self._counted(self.emails, "send_date").rename(columns={"campaign_name": "campaign"})
        self.followers = self._counted(_csv(files, "social/followers.csv"), "day")
        self.posts = self._posts()
        self.content = _csv(files, "content/published.csv").rename(columns={"content_id": "id"})
        self.content["day"] = self._day(_utc(self.content["live_at"]))
        self.videos = self._counted(_csv(files, "content/video_views.csv.gz"), "view_date")
        self.recall = self._recall()
        self.attributed = self._attributed()
        campaigns = _sqlite(files, "leads").rename(columns={"utm_campaign": "campaign"})
        self.leads = demo.leads.join(_lookup(demo.leads["lead_id"], campaigns, "lead_id", ["campaign"]))

    def _day(self, utc: pd.Series) -> pd.Series:
        return local_day(utc.astype("datetime64[us]"), self._demo._settings)

    @staticmethod
    def _counted(raw: pd.DataFrame, date: str) -> pd.DataFrame:
        """Dates as days and everything else that is a number as a number."""
        found = raw.apply(lambda column: pd.to_numeric(column) if column.str.fullmatch(r"\d+").all() else column)
        return found.assign(day=pd.to_datetime(raw[date]).astype("datetime64[us]"))

    def _parquet(self, pattern: str, columns: list[str], key: str) -> pd.DataFrame:
        found = [pd.read_parquet(path, columns=columns) for path in sorted(self._files.glob(pattern))]
        texts = [name for name in columns if str(found[0][name].dtype) == "category"]
        raw = pd.concat([frame.astype(dict.fromkeys(texts, "object")) for frame in found], ignore_index=True)
        return raw.drop_duplicates(key, keep="last", ignore_index=True)

    def _visits(self) -> pd.DataFrame:
        """Every visit with its visitor and what was done in it."""
        columns = ["ga_session_id", "user_pseudo_id", "session_start", "engaged_session", "avg_percent_scrolled"]
        columns += ["form_submits", "cta_impressions", "cta_clicks"]
        raw = self._parquet("web/sessions_*.parquet", columns, "ga_session_id")
        raw["session_id"] = raw.pop("ga_session_id").astype(str)
        raw["scrolled"] = (raw["avg_percent_scrolled"] / 100).round(6)
        known = self._demo.sessions.drop(columns=["engaged_session"])
        return known.merge(raw, on="session_id", validate="one_to_one")

    def _posts(self) -> pd.DataFrame:
        raw = _json_lines(self._files, "social/posts.jsonl").drop_duplicates("post_id", ignore_index=True)
        return raw.assign(day=self._day(_utc(raw["published_at"])), reactions=raw["likes"] + raw["reposts"])

    def _recall(self) -> pd.DataFrame:
        """One row per answer to the brand survey, on the day of the answer."""
        raw = _csv(self._files, "surveys/brand_recall.csv")
        raw = raw[raw["answered_at"].notna() & raw["recalls_brand"].notna()].reset_index(drop=True)
        country = raw["country_code"].fillna(UNKNOWN)
        return raw.assign(day=self._day(_utc(raw["answered_at"])), recalls=raw["recalls_brand"].eq("true"), country=country)

    def _touches(self) -> pd.DataFrame:
        """What brought somebody: visits and clicks of every channel but direct."""
        columns = ["touchpoint_id", "user_pseudo_id", "touched_at", "channel_grouping", "utm_campaign", "interaction"]
        clicks = self._parquet("web/touchpoints_*.parquet", columns, "touchpoint_id")
        clicks = clicks[clicks["interaction"] == "click"].rename(columns={"utm_campaign": "campaign", "touchpoint_id": "id"})
        group = clicks["channel_grouping"]
        clicks["channel"] = group.str.lower().str.replace(" ", "_").where(group != "Organic Social", "social")
        visits = self.visits.rename(columns={"session_start": "touched_at", "session_id": "id"})
        kept = ["user_pseudo_id", "touched_at", "channel", "campaign", "id"]
        both = pd.concat([visits[kept], clicks[kept].astype({"id": str})], ignore_index=True)
        return both[both["channel"] != "direct"].astype({"touched_at": "datetime64[us]"})

    def _attributed(self) -> pd.DataFrame:
        """Every order with channel and campaign of the last touch of its visitor within the look-back, else its visit's own."""
        raw = _csv(self._files, "shop/orders_*.csv").sort_values("updated_at", kind="stable")
        raw = raw.drop_duplicates("id", keep="last", ignore_index=True)
        orders = self._demo.orders.merge(
            raw[["id", "landing_session_id", "total_cost", "presentment_currency"]], left_on="order_id", right_on="id"
        )
        cost = self._demo._rates.convert(orders["total_cost"], orders["presentment_currency"], orders["day"])
        orders["profit"] = orders["gross"] - cost
        own = _lookup(orders["landing_session_id"], self.visits, "session_id", ("user_pseudo_id", "campaign"))
        orders = orders.join(own)
        pairs = orders[["order_id", "ordered_at", "user_pseudo_id"]].merge(self._touches(), on="user_pseudo_id")
        age = pairs["ordered_at"] - pairs["touched_at"]
        pairs = pairs[(age >= pd.Timedelta(0)) & (age <= LOOK_BACK)].sort_values(["touched_at", "id"])
        last = pairs.drop_duplicates("order_id", keep="last").set_index("order_id")[["channel", "campaign"]]
        touched = orders["order_id"].isin(last.index)
        for name in ("channel", "campaign"):
            orders[name] = orders["order_id"].map(last[name]).where(touched, orders[name])
        return orders[orders["channel"].isin(set(self._demo.ads["channel"]))]
