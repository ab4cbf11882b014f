"""What the columns of the real files are, written by hand from data/SOURCES.md and the files themselves.

Needed columns = the required columns of the entities plus those that a workspace over these files uses. A column counts as
right when the proposal takes exactly these raw columns (in this order where there are several); ``ANY`` = a constant or name of
the user's choice. A tuple of alternatives holds columns that mean the same. What cannot be known from the files alone (a
year that no column holds) stays in the table and counts as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

ANY = "any constant"
# Raw columns, joined by a plus sign where several make one; alternatives in a tuple.
Wanted = str | tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """Files of the shared data folder, and per entity: canonical column -> raw column(s). ``latest_by`` by entity."""

    files: tuple[str, ...]
    entities: dict[str, dict[str, Wanted]]
    latest_by: tuple[tuple[str, str], ...] = ()


# The four data sets of the acceptance.
REAL = {
    # As in tests/workspaces/shop, but for product_category: a constant that no file holds.
    "shop": Truth(
        ("shop",),
        {
            "orders": {
                "order_id": "order_id", "ordered_at": "created_at", "customer_id": "user_id",
                "session_id": "website_session_id", "gross_amount": "price_usd", "cogs_amount": "cogs_usd",
            },
            "order_lines": {
                "order_line_id": "order_item_id", "order_id": "order_id", "ordered_at": "created_at",
                "product_id": "product_id", "amount": "price_usd", "cogs_amount": "cogs_usd",
            },
            "refunds": {
                "refund_id": "order_item_refund_id", "order_line_id": "order_item_id", "order_id": "order_id",
                "refunded_at": "created_at", "amount": "refund_amount_usd",
            },
            "products": {"product_id": "product_id", "product": "product_name", "product_category": "no column"},
        },
    ),
    # An event log, so the last row of each ticket; solved = resolved_at (SOURCES: 1,556 tickets have no resolution time), opened_at
    # is filled in every row, sys_created_at in six of ten. First touch is the first update in a state that is not New, which no
    # column holds: it needs a query by hand and counts as missed.
    "incidents": Truth(
        ("incidents",),
        {
            "tickets": {
                "ticket_id": "number", "created_at": "opened_at", "solved_at": "resolved_at", "reopen_count": "reopen_count",
                "is_first_contact_resolved": "reassignment_count+reopen_count", "ticket_channel": "contact_type",
                "priority": "priority", "team": "assignment_group", "owner": "assigned_to", "customer_id": "caller_id",
                "first_replied_at": "sys_updated_at+incident_state",
            },
        },
        latest_by=(("tickets", "sys_updated_at"),),
    ),
    # Deals know their lead only; they were opened when the lead came (SOURCES: days from first contact to won). The
    # representative (sr_id) wins the deal. Only won deals are in the file.
    "lead_funnel": Truth(
        ("lead_funnel",),
        {
            "leads": {"lead_id": "mql_id", "created_at": "first_contact_date", "channel": "origin"},
            "opportunities": {
                "opportunity_id": ("mql_id", "seller_id"), "lead_id": "mql_id", "created_at": "first_contact_date",
                "closed_at": "won_date", "is_won": "won_date", "owner": "sr_id",
            },
        },
    ),
    # The files' own year is 2020 (SOURCES), and nothing in them says so: the date counts as wrong here, as right when it is given.
    "ads": Truth(
        ("ads",),
        {
            "ad_performance": {
                "platform": ANY, "performance_on": "month+day of 2020", "campaign_id": "campaign_number", "spend": "cost",
                "impressions": "displays", "clicks": "clicks", "conversions": "post_click_conversions",
                "conversions_value": "revenue",
            },
        },
    ),
}  # fmt: skip

# One more real data set, and exports in the shape of usual systems with a few rows each: whether the words of the trade reach
# beyond the four data sets.
SHAPES = {
    # Two files of the same columns, by semicolon, d.m.yyyy; campaigns have a name and no number.
    "ab_campaign": Truth(
        ("ab_campaign",),
        {
            "ad_performance": {
                "platform": ANY, "performance_on": "Date", "campaign_id": "Campaign Name", "campaign": "Campaign Name",
                "spend": "Spend [USD]", "impressions": "Impressions", "clicks": "Website Clicks", "conversions": "Purchase",
            },
        },
    ),
    "zendesk": Truth(
        ("api_shapes/zendesk/ticket_data.csv",),
        {
            "tickets": {
                "ticket_id": "id", "created_at": "created_at", "ticket_channel": "via_channel", "priority": "priority",
                "team": "group_id", "owner": "assignee_id", "customer_id": "requester_id",
            },
        },
    ),
    "hubspot": Truth(
        tuple(f"api_shapes/hubspot/{name}_data.csv" for name in ("deal", "contact", "ticket")),
        {
            "opportunities": {
                "opportunity_id": "deal_id", "created_at": "property_createdate", "closed_at": "property_closedate",
                "stage": "deal_pipeline_stage_id", "amount": "property_amount", "owner": "owner_id",
            },
            "leads": {"lead_id": "id", "created_at": "property_createdate", "email": "property_email"},
            "tickets": {
                "ticket_id": "id", "created_at": "property_createdate", "solved_at": "property_closed_date",
                "first_replied_at": "property_first_agent_reply_date", "priority": "property_hs_ticket_priority",
                "owner": "property_hubspot_owner_id",
            },
        },
    ),
    "shopify": Truth(
        tuple(
            f"api_shapes/shopify/shopify_{name}_data.csv"
            for name in ("order", "order_line", "refund", "order_line_refund", "customer", "product")
        ),
        {
            "orders": {
                "order_id": "id", "ordered_at": ("created_at", "processed_at"), "customer_id": "customer_id",
                "gross_amount": "subtotal_price", "currency": "currency", "is_test": "test",
                "country": ("shipping_address_country_code", "billing_address_country_code"),
            },
            "order_lines": {
                "order_line_id": "id", "order_id": "order_id", "ordered_at": "created_at", "product_id": "product_id",
                "quantity": "quantity", "amount": ("pre_tax_price", "price"),
            },
            # Amounts by line, dates and orders in the head of the refund.
            "refunds": {
                "refund_id": "id", "order_line_id": "order_line_id", "quantity": "quantity", "amount": "subtotal",
                "refunded_at": ("created_at", "processed_at"), "order_id": "order_id",
            },
            "customers": {"customer_id": "id", "created_at": "created_at", "email": "email"},
            "products": {"product_id": "id", "product": "title", "product_category": "product_type"},
        },
    ),
    "stripe": Truth(
        tuple(f"api_shapes/stripe/{name}_data.csv" for name in ("charge", "refund", "customer", "product")),
        {
            "orders": {
                "order_id": "id", "ordered_at": "created", "customer_id": "customer_id", "gross_amount": "amount",
                "currency": "currency",
            },
            "refunds": {
                "refund_id": "id", "order_id": "charge_id", "refunded_at": "created", "amount": "amount", "currency": "currency",
            },
            "customers": {"customer_id": "id", "created_at": "created", "email": "email", "country": "address_country"},
            "products": {"product_id": "id", "product": "name"},
        },
    ),
    "google_ads": Truth(
        ("api_shapes/google_ads/campaign_stats_data.csv",),
        {
            "ad_performance": {
                "platform": ANY, "performance_on": "date", "campaign_id": "id", "spend": "cost_micros",
                "impressions": "impressions", "clicks": "clicks", "conversions": "conversions",
                "conversions_value": "conversions_value",
            },
        },
    ),
    "salesforce": Truth(
        ("api_shapes/salesforce/sf_opportunity_data.csv",),
        {
            "opportunities": {
                "opportunity_id": "id", "created_at": "created_date", "closed_at": "close_date", "stage": "stage_name",
                "is_won": "is_won", "is_closed": "is_closed", "amount": "amount", "owner": "owner_id",
            },
        },
    ),
    "intercom": Truth(
        ("api_shapes/intercom/conversation_history_data.csv",),
        {
            "tickets": {
                "ticket_id": "id", "created_at": "created_at", "first_replied_at": "first_contact_reply_created_at",
                "priority": "priority", "owner": "assignee_id", "customer_id": "source_author_id",
                "ticket_channel": ("source_type", "source_delivered_as"),
            },
        },
        latest_by=(("tickets", "updated_at"),),
    ),
}  # fmt: skip
