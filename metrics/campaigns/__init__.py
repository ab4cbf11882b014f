"""What each campaign cost and brought, by month and quarter and channel, against the targets of its KPIs."""

from metrics.campaigns.table import TABLE, ensure_campaign_table
from metrics.campaigns.write import write_campaigns

__all__ = ["TABLE", "ensure_campaign_table", "write_campaigns"]
