"""The truth of marketing's metrics beyond ads and visits: mailings, posts, content, videos, attribution, the brand survey.

In pandas from the raw files and by the words of docs/kpi-decisions.md, like demo_truth.py, which calls `marketing`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.soundness.demo_truth import ALL_GRAINS, Part, _Builder, _key_names, _member
from tests.soundness.demo_truth_files import DemoFiles, _csv
from tests.soundness.demo_truth_marketing_files import MarketingFiles
from tests.soundness.demo_truth_time import period_of

WEEKS_ON = ("week", "month", "quarter")
MONTHS_ON = ("month", "quarter")


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
