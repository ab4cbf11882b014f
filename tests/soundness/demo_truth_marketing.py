"""The truth of marketing's metrics beyond ads and visits: mailings, posts, content, videos, attribution, the brand survey.

In pandas from the raw files and by the words of docs/kpi-decisions.md, like demo_truth.py, which calls `marketing`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.soundness.demo_truth import ALL_GRAINS, Part, _Builder, _key_names, _member
from tests.soundness.demo_truth_files import UNKNOWN, DemoFiles, _csv, _json_lines, _lookup, _sqlite, _utc
from tests.soundness.demo_truth_time import local_day, period_of

LOOK_BACK = pd.Timedelta(hours=30 * 24)
WEEKS_ON = ("week", "month", "quarter")
MONTHS_ON = ("month", "quarter")


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


def _answer(value: pd.Series, **parts: pd.Series) -> pd.DataFrame:
    """A metric's columns; a part that is not given is not compared."""
    unknown = {"numerator": np.nan, "denominator": np.nan, "n": np.nan}
    return pd.DataFrame({**unknown, **parts, "value": value}, index=value.index)


def _people(rows: pd.DataFrame, grain: str, by: str) -> pd.Series:
    """Different visitors per period, or per period and member; each counts once in it."""
    keys = _member(rows, by).assign(person=rows["user_pseudo_id"], period_start=period_of(rows["day"], grain))
    return keys.groupby(_key_names(by))["person"].nunique()


def _distinct(
    builder: _Builder, name: str, rows: pd.DataFrame, beside: pd.DataFrame, grains: tuple[str, ...] = ALL_GRAINS
) -> None:
    """Different visitors of ``rows``; ``n`` are those of ``beside``, of whom there may be more."""

    def compute(grain: str, by: str) -> pd.DataFrame:
        whole = _people(beside, grain, by)
        return _answer(_people(rows, grain, by).reindex(whole.index, fill_value=0), n=whole)

    builder._add(name, grains, compute)


def marketing(builder: _Builder, files: Path, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    """Add every metric of this module."""
    found = MarketingFiles(files, demo)
    day = pd.Timedelta(days=1)
    closed = closed | {
        "email": found.emails["day"].max() - day,
        "social": max(found.posts["day"].max(), found.followers["day"].max()) - day,
        "content": max(found.content["day"].max(), found.videos["day"].max()) - day,
    }
    _visitors(builder, found, closed)
    _engagement(builder, found, demo, closed)
    _efficiency(builder, found, demo, closed)
    _email_and_social(builder, found, closed)
    _content(builder, found, closed)


def _visitors(builder: _Builder, found: MarketingFiles, closed: dict[str, pd.Timestamp]) -> None:
    visits, engaged = found.visits, found.visits[found.visits["engaged_session"] == 1]
    builder.of(closed["web"], "channel", "source", "medium", "country", "device")
    _distinct(builder, "visitors", visits, visits, WEEKS_ON)
    builder.of(closed["web"], "channel", "country", "device")
    _distinct(builder, "engaged_visitors", engaged, visits)
    _distinct(builder, "observed_visitors", visits, visits)

    def index(grain: str, by: str) -> pd.DataFrame:
        both = pd.concat([_people(rows, grain, by) for rows in (engaged, visits)], axis=1, keys=["engaged", "all"])
        return _answer(both["engaged"].fillna(0) / both["all"], n=both["all"])

    builder._add("engagement_index", WEEKS_ON, index)
    builder.of(closed["web"], "channel", "source", "medium")

    def share(grain: str, by: str) -> pd.DataFrame:
        mine, everybody = (Part(visits).total(grain, name) for name in (by, ""))
        whole = mine.index.get_level_values("period_start").map(everybody)
        whole = pd.Series(whole, index=mine.index, dtype="float64")
        return _answer(mine / whole, numerator=mine, denominator=whole, n=whole)

    builder._add("traffic_source_share", WEEKS_ON, share)


def _engagement(builder: _Builder, found: MarketingFiles, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    visits = Part(found.visits)
    builder.of(closed["web"], "source", "country", "device")
    builder.sums(
        "social_traffic", Part(found.visits.assign(social=found.visits["channel"].eq("social")), "social"), grains=WEEKS_ON
    )
    builder.of(closed["web"], "channel", "country", "device")
    builder.ratio("pages_per_session", Part(found.visits, "page_views"), visits, grains=WEEKS_ON)
    builder.sums("scroll_depth_sum", Part(found.visits, "scrolled"))
    builder.sums("sessions_with_scroll_depth", visits)
    builder.ratio("scroll_depth", Part(found.visits, "scrolled"), visits, grains=WEEKS_ON)
    forms, shown, answered = (Part(found.visits, name) for name in ("form_submits", "cta_impressions", "cta_clicks"))
    builder.sums("forms_submitted", forms)
    builder.ratio("form_conversion_rate", forms, visits, grains=WEEKS_ON)
    builder.sums("cta_impressions", shown)
    builder.sums("cta_interactions", answered)
    builder.ratio("cta_response_rate", answered, shown, grains=WEEKS_ON)
    builder.of(min(closed["shop"], closed["web"]), "channel", "country", "device")
    builder.ratio("checkout_rate", Part(demo.orders), Part(demo.sessions, "carted"), grains=WEEKS_ON)


def _efficiency(builder: _Builder, found: MarketingFiles, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    conversions = _csv(found._files, "ads/ad_performance_*.csv")
    conversions = conversions.drop_duplicates(["data_source", "report_date", "campaign_id", "geo"], keep="last")
    ads = demo.ads.assign(
        thousands=demo.ads["impressions"] / 1000, conversions=conversions["conversions"].astype("float64").to_numpy()
    )
    spend, thousands, converted = (Part(ads, name) for name in ("spend", "thousands", "conversions"))
    impressions = Part(ads, "impressions")
    builder.of(closed["ads"], "channel", "campaign", "country", "platform")
    builder.sums("thousand_impressions", thousands)
    builder.sums("ad_conversions", converted)

    def cpm(grain: str, by: str) -> pd.DataFrame:
        above, below = spend.total(grain, by), thousands.total(grain, by)
        value = above / below.replace(0, np.nan)
        return _answer(value, numerator=above, denominator=below, n=impressions.total(grain, by))

    def cpa(grain: str, by: str) -> pd.DataFrame:
        above, below = spend.total(grain, by), converted.total(grain, by)
        # platforms count parts of a conversion; n is a whole number
        return _answer(above / below.replace(0, np.nan), numerator=above, denominator=below, n=np.floor(below + 0.5))

    builder._add("cpm", WEEKS_ON, cpm)
    builder._add("cpa", WEEKS_ON, cpa)
    builder.of(min(closed["ads"], closed["crm"]), "channel", "campaign", "country")
    builder.ratio("cpl", spend, Part(found.leads), grains=MONTHS_ON, empty_top=np.nan)
    builder.of(min(closed["shop"], closed["web"], closed["ads"]), "channel", "campaign", "country")
    _returns_on_spend(builder, found, spend)


def _returns_on_spend(builder: _Builder, found: MarketingFiles, spend: Part) -> None:
    orders, gross, profit = (Part(found.attributed, name) for name in ("", "gross", "profit"))
    builder.sums("ad_attributed_orders", orders)
    builder.sums("ad_attributed_revenue", gross)
    builder.sums("ad_attributed_gross_profit", profit)

    def sums(grain: str, by: str) -> pd.DataFrame:
        """What was spent, and what it brought: nothing where no order is attributed."""
        parts = pd.concat(
            [part.total(grain, by) for part in (spend, gross, profit, orders)],
            axis=1,
            keys=["spend", "gross", "profit", "n"],
        )
        return parts[parts["spend"].notna()].fillna(0.0)

    def roas(grain: str, by: str) -> pd.DataFrame:
        found = sums(grain, by)
        value = found["gross"] / found["spend"].replace(0, np.nan)
        return _answer(value, numerator=found["gross"], denominator=found["spend"], n=found["n"])

    def earned(grain: str, by: str) -> pd.DataFrame:
        found = sums(grain, by)
        return _answer(found["profit"] - found["spend"], n=found["n"])

    def roi(grain: str, by: str) -> pd.DataFrame:
        found = sums(grain, by)
        return _answer((found["profit"] - found["spend"]) / found["spend"].replace(0, np.nan), n=found["n"])

    builder._add("roas", WEEKS_ON, roas)
    builder._add("marketing_profit", ALL_GRAINS, earned)
    builder._add("marketing_roi", MONTHS_ON, roi)


def _email_and_social(builder: _Builder, found: MarketingFiles, closed: dict[str, pd.Timestamp]) -> None:
    sent, delivered, opened, clicked = (
        Part(found.emails, name) for name in ("sent", "delivered", "unique_opens", "unique_clicks")
    )
    builder.of(closed["email"], "campaign")
    builder.sums("emails_sent", sent)
    builder.sums("emails_delivered", delivered)
    builder.sums("email_opens", opened)
    builder.sums("email_clicks", clicked)
    builder.ratio("email_open_rate", opened, delivered, grains=WEEKS_ON)
    builder.ratio("email_click_rate", clicked, delivered, grains=WEEKS_ON)
    builder.of(closed["social"], "network")
    builder.sums("social_posts", Part(found.posts))
    builder.sums("social_reactions", Part(found.posts, "reactions"))
    builder.sums("social_shares", Part(found.posts, "shares"), grains=WEEKS_ON)
    builder.ratio("social_influence_index", Part(found.posts, "reactions"), Part(found.posts), grains=WEEKS_ON)
    builder.sums("new_followers", Part(found.followers, "new_followers"), grains=WEEKS_ON)

    def followers(grain: str, by: str) -> pd.DataFrame:
        """Of every network the last day of the period."""
        rows = found.followers.assign(period_start=period_of(found.followers["day"], grain)).sort_values("day")
        last = rows.drop_duplicates(["period_start", "network"], keep="last").assign(member=lambda kept: kept["network"])
        return _answer(last.groupby(["period_start", "member"] if by else ["period_start"])["followers"].sum())

    builder._add("social_followers", WEEKS_ON, followers)


def _content(builder: _Builder, found: MarketingFiles, closed: dict[str, pd.Timestamp]) -> None:
    builder.of(closed["content"], "content_type")
    builder.sums("content_items", Part(found.content))
    builder.of(closed["content"])
    blog = found.content.assign(is_blog=found.content["content_type"].eq("blog_post"))
    builder.sums("blog_posts_published", Part(blog, "is_blog"), grains=MONTHS_ON)
    builder.of(closed["content"], "video")
    shown, *views = (Part(found.videos, name) for name in ("impressions", "views_3s", "views_15s", "views_30s"))
    builder.sums("video_impressions", shown)
    builder.sums("video_views", views[0], grains=WEEKS_ON)
    builder.sums("video_views_15s", views[1])
    builder.sums("video_views_30s", views[2])
    for seconds, part in zip((3, 15, 30), views, strict=True):
        builder.ratio(f"video_completion_rate_{seconds}s", part, shown, grains=WEEKS_ON)
    builder.of(closed["surveys"], "country")
    answers, recalled = Part(found.recall), Part(found.recall, "recalls")
    builder.sums("brand_recall_answers", answers)
    builder.sums("brand_recalled", recalled)
    builder.ratio("brand_recall", recalled, answers, grains=MONTHS_ON)
