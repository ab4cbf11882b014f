"""Kept values of a metric of additivity share: every member over all of its period, also where members are put together."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from metrics.catalogue import load_catalogue, read_lineage
from metrics.semantic import SemanticLayer
from metrics.values import clear_pending, compute_values, pending_windows
from tests.unit.values import company as small
from tests.unit.values.company import TODAY, Company, _grouped, build, random_frames

CLOSED, SETTLED = date(2026, 6, 9), date(2026, 5, 10)


def with_share(root: Path) -> Company:
    """The small company with the share of visits, computed."""
    found = build(root)
    share = small._ratio("visit_share", "sessions", "sessions", unit="ratio", direction="none")
    share["config"]["meta"]["additivity"] = "share"
    metrics = [*small.METRICS, share]
    (root / "manifest.json").write_text(
        json.dumps(small.manifest() | {"metrics": {f"metric.small.{one['name']}": one for one in metrics}})
    )
    (root / "semantic_manifest.json").write_text(json.dumps(small.semantic_manifest() | {"metrics": metrics}))
    found.layer = SemanticLayer.from_manifest(root / "semantic_manifest.json")
    found.catalogue = load_catalogue(found.ws, found.layer, read_lineage(root / "manifest.json"), shipped=root / "none")
    return found


def load(company: Company, frames: small.Frames) -> None:
    """New facts, and what they ask to compute again."""
    company.load(frames)
    company.set_time(TODAY, CLOSED, SETTLED)
    windows = pending_windows(company.con, company.ws, company.layer, company.catalogue)
    clear_pending(company.con)
    compute_values(company.con, company.ws, company.layer, company.catalogue, windows, "run")


def kept(company: Company, grain: str, dimension: str = "channel") -> pd.DataFrame:
    return company.con.execute(
        """select period_start, segment_value, numerator::double as numerator, denominator::double as denominator, value, n
        from mart.kpi_current where metric = 'visit_share' and grain = ? and segment_dimension = ?""",
        [grain, dimension],
    ).df().set_index(["period_start", "segment_value"]).sort_index()  # fmt: skip


def counted(company: Company, grain: str) -> tuple[pd.Series, pd.Series]:
    """Visits by period and member, and by period, in pandas."""
    visits = company.frames["fct_web_sessions"]
    mine, everybody = (_grouped(visits, grain, by_channel).size() for by_channel in (True, False))
    mine.index = mine.index.set_levels(pd.to_datetime(mine.index.levels[0]), level=0).set_names(
        ["period_start", "segment_value"]
    )
    whole = mine.index.get_level_values(0).map(everybody.droplevel(1).rename(index=pd.Timestamp))
    return mine.sort_index(), pd.Series(whole, index=mine.index).sort_index()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = with_share(tmp_path_factory.mktemp("shares"))
    load(found, random_frames(seed=1))
    return found


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
def test_shares_equal_those_of_pandas(company: Company, grain: str) -> None:
    """Rows without a channel and those of a channel called '(none)' are one member, over one whole and not over two."""
    found, (mine, whole) = kept(company, grain), counted(company, grain)
    assert found["value"].to_dict() == pytest.approx((mine / whole).to_dict())
    assert found["numerator"].to_dict() == mine.to_dict()
    assert found["denominator"].to_dict() == found["n"].to_dict() == whole.to_dict()
    assert found["value"].groupby("period_start").sum().tolist() == pytest.approx([1.0] * found.index.levshape[0])


def test_the_total_is_one(company: Company) -> None:
    assert set(kept(company, "week", "")["value"]) == {1.0}


def test_a_month_counts_the_days_on_which_a_member_has_no_visits(tmp_path: Path) -> None:
    """One visit by mail among the ten of one day: a share of the thirty of all three days."""
    found = with_share(tmp_path)
    frames = random_frames(seed=2)
    days = [date(2026, 5, day) for day in (4, 5, 6) for _ in range(10)]
    rows = pd.DataFrame({"session_id": [f"s{place}" for place in range(30)], "business_date": days, "channel": "search"})
    rows.loc[0, "channel"] = "email"
    load(found, frames | {"fct_web_sessions": rows})
    assert kept(found, "month").loc[(pd.Timestamp("2026-05-01"), "email"), "value"] == pytest.approx(1 / 30)


def test_the_smallest_of_many_members_are_one_share_together(tmp_path: Path) -> None:
    """Sixty sources, the first with 61 visits, the last with 2: the fifty largest stay, ten are 'other'."""
    found = with_share(tmp_path)
    channels = [f"source {place:02}" for place in range(60) for _ in range(61 - place)]
    ids = [f"s{place}" for place in range(len(channels))]
    visits = pd.DataFrame({"session_id": ids, "business_date": date(2026, 5, 4), "channel": channels})
    load(found, random_frames(seed=3) | {"fct_web_sessions": visits})
    shares = kept(found, "month")
    whole = sum(range(2, 62))
    assert len(shares) == 51
    others = shares.loc[(pd.Timestamp("2026-05-01"), "other")]
    assert (others["numerator"], others["denominator"]) == (sum(range(2, 12)), whole)
    assert shares["value"].sum() == pytest.approx(1)


def test_visits_of_one_member_restate_the_share_of_the_others(tmp_path: Path) -> None:
    found = with_share(tmp_path)
    frames = random_frames(seed=4)
    load(found, frames)
    visits = frames["fct_web_sessions"]
    more = pd.DataFrame({"session_id": ["late"], "business_date": [date(2026, 4, 15)], "channel": ["email"]})
    load(found, frames | {"fct_web_sessions": pd.concat([visits, more], ignore_index=True)})
    mine, whole = counted(found, "month")
    assert kept(found, "month")["value"].to_dict() == pytest.approx((mine / whole).to_dict())
