"""What the demo company is made of: countries, channels, campaigns, products, teams. Facts without randomness."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Country:
    code: str
    share: float  # of the visits
    currency: str
    price_factor: float  # list price in its currency per euro
    regions: tuple[str, ...]


COUNTRIES = (
    Country("DE", 0.44, "EUR", 1.0, ("Bayern", "Berlin", "Hamburg", "Hessen", "Nordrhein-Westfalen", "Sachsen")),
    Country("AT", 0.10, "EUR", 1.0, ("Wien", "Tirol", "Steiermark")),
    Country("CH", 0.08, "EUR", 1.1, ("Zürich", "Bern", "Genève")),
    Country("FR", 0.11, "EUR", 1.0, ("Île-de-France", "Auvergne-Rhône-Alpes", "Bretagne")),
    Country("NL", 0.07, "EUR", 1.0, ("Noord-Holland", "Utrecht", "Zuid-Holland")),
    Country("GB", 0.12, "GBP", 0.86, ("England", "Scotland", "Wales")),
    Country("US", 0.08, "USD", 1.12, ("California", "New York", "Texas", "Washington")),
)


@dataclass(frozen=True)
class Channel:
    name: str
    label: str  # as the web analytics export writes it
    share: float  # of the visits
    cart: float  # relative readiness to fill a cart
    bounce: float
    sources: tuple[tuple[str, str, float], ...]  # source, medium, share


CHANNELS = (
    Channel("paid_search", "Paid Search", 0.22, 1.20, 0.40, (("google", "cpc", 0.9), ("bing", "cpc", 0.1))),
    Channel(
        "paid_social",
        "Paid Social",
        0.15,
        0.70,
        0.55,
        (("facebook", "paid_social", 0.6), ("tiktok", "paid_social", 0.4)),
    ),
    Channel("display", "Display", 0.05, 0.45, 0.62, (("google", "display", 1.0),)),
    Channel("organic_search", "Organic Search", 0.25, 1.05, 0.42, (("google", "organic", 0.92), ("bing", "organic", 0.08))),
    Channel("social", "Organic Social", 0.07, 0.65, 0.52, (("instagram", "social", 0.7), ("linkedin", "social", 0.3))),
    Channel("email", "Email", 0.08, 1.55, 0.30, (("newsletter", "email", 0.8), ("flow", "email", 0.2))),
    Channel(
        "referral",
        "Referral",
        0.05,
        0.90,
        0.46,
        (("blog.example.net", "referral", 0.6), ("partner.example.org", "referral", 0.4)),
    ),
    Channel("direct", "Direct", 0.13, 1.10, 0.38, (("(direct)", "(none)", 1.0),)),
)
CHANNEL_NAMES = tuple(channel.name for channel in CHANNELS)
COUNTRY_CODES = tuple(country.code for country in COUNTRIES)

DEVICES = ("desktop", "mobile", "tablet")
DEVICE_SHARES = {  # desktop, mobile, tablet
    "paid_social": (0.15, 0.80, 0.05),
    "social": (0.18, 0.77, 0.05),
    "email": (0.42, 0.52, 0.06),
    "": (0.44, 0.49, 0.07),
}
DEVICE_CART = (1.25, 0.80, 1.0)

NO_CAMPAIGN = "(not set)"


@dataclass(frozen=True)
class Campaign:
    campaign_id: str
    name: str  # also the utm_campaign of the visits it brings
    platform: str
    network: str
    channel: str
    source: str
    medium: str
    currency: str
    daily_spend: float  # euro, all countries, at scale 1
    cpc: float  # euro
    ctr: float
    countries: tuple[str, ...]
    video_share: float = 0.0  # impressions that start a video


def _campaign(ident: str, name: str, platform: str, spend: float, cpc: float, ctr: float, **rest: object) -> Campaign:
    networks = {
        "google_ads": ("SEARCH", "paid_search", "google", "cpc"),
        "microsoft_ads": ("SEARCH", "paid_search", "bing", "cpc"),
        "google_display": ("DISPLAY", "display", "google", "display"),
        "meta_ads": ("SOCIAL", "paid_social", "facebook", "paid_social"),
        "tiktok_ads": ("SOCIAL", "paid_social", "tiktok", "paid_social"),
    }
    network, channel, source, medium = networks[platform]
    currency = "USD" if platform == "tiktok_ads" else "EUR"
    vendor = "google_ads" if platform == "google_display" else platform
    return Campaign(ident, name, vendor, network, channel, source, medium, currency, spend, cpc, ctr, **rest)  # type: ignore[arg-type]


CAMPAIGNS = (
    _campaign("1180001", "search_brand", "google_ads", 42, 0.35, 0.080, countries=("DE", "AT", "CH", "GB")),
    _campaign(
        "1180002", "search_generic", "google_ads", 78, 0.85, 0.035, countries=("DE", "AT", "CH", "FR", "NL", "GB", "US")
    ),
    _campaign("1180003", "shopping_all", "google_ads", 66, 0.55, 0.012, countries=("DE", "AT", "FR", "NL", "GB", "US")),
    _campaign("71-b", "bing_generic", "microsoft_ads", 14, 0.60, 0.028, countries=("DE", "GB", "US")),
    _campaign("1180009", "display_remarketing", "google_display", 26, 0.40, 0.004, countries=("DE", "AT", "CH", "FR", "GB")),
    _campaign(
        "2385001",
        "meta_prospecting",
        "meta_ads",
        58,
        0.70,
        0.011,
        countries=("DE", "AT", "FR", "NL", "GB"),
        video_share=0.5,
    ),
    _campaign(
        "2385002", "meta_retargeting", "meta_ads", 28, 0.50, 0.016, countries=("DE", "AT", "CH", "GB"), video_share=0.2
    ),
    _campaign("2385003", "meta_wholesale_leads", "meta_ads", 18, 1.60, 0.007, countries=("DE", "FR", "GB"), video_share=0.3),
    _campaign(
        "tt-440", "tiktok_creators", "tiktok_ads", 34, 0.45, 0.009, countries=("DE", "FR", "GB", "US"), video_share=1.0
    ),
)
EMAIL_CAMPAIGNS = ("newsletter_weekly", "welcome_flow", "winback_flow", "promotion_mail")


@dataclass(frozen=True)
class Category:
    name: str
    cost_share: float
    products: tuple[tuple[str, float], ...] = field(default=())  # name, list price in euro


def _range(noun: str, prices: tuple[float, ...]) -> tuple[tuple[str, float], ...]:
    makes = ("Alder", "Birch", "Cedar", "Dune", "Elm", "Fern", "Grove", "Heath", "Iris", "Juniper")
    return tuple((f"{make} {noun}", price) for make, price in zip(makes, prices, strict=True))


CATEGORIES = (
    Category("Coffee & tea", 0.46, _range("blend", (9.5, 11.9, 12.9, 14.5, 15.9, 17.5, 18.9, 21.0, 24.9, 28.0))),
    Category("Kitchen", 0.52, _range("pan", (19.9, 24.9, 27.9, 31.0, 34.9, 39.0, 44.9, 49.0, 59.0, 79.0))),
    Category("Home textiles", 0.44, _range("throw", (16.9, 19.9, 24.9, 29.0, 32.9, 35.0, 42.0, 49.9, 64.0, 89.0))),
    Category("Care", 0.35, _range("soap", (6.9, 7.9, 8.9, 9.9, 11.9, 12.9, 14.9, 16.9, 19.9, 24.9))),
    Category("Garden", 0.50, _range("planter", (14.9, 17.9, 22.0, 26.9, 29.9, 36.0, 42.9, 55.0, 69.0, 95.0))),
    Category("Gifts", 0.41, _range("gift box", (19.0, 24.0, 29.0, 34.0, 39.0, 44.0, 49.0, 59.0, 69.0, 99.0))),
)
CATEGORY_SHARES = (0.30, 0.17, 0.15, 0.18, 0.10, 0.10)

PLANS = (("coffee_basic", 12.9, 0.5), ("coffee_plus", 21.9, 0.35), ("coffee_family", 34.9, 0.15))

SALES_PEOPLE = (
    ("Alba Reyes", "SMB"),
    ("Björn Lund", "SMB"),
    ("Chiara Conti", "SMB"),
    ("David Okafor", "Mid-market"),
    ("Elif Kaya", "Mid-market"),
    ("Fabian Roth", "Mid-market"),
    ("Grace Whitfield", "International"),
    ("Hugo Marchand", "International"),
)
AGENTS = (
    ("Ines Vogel", "Orders"),
    ("Jonas Becker", "Orders"),
    ("Karim Haddad", "Orders"),
    ("Lena Fischer", "Orders"),
    ("Marta Nowak", "Products"),
    ("Nils Petersen", "Products"),
    ("Oana Popescu", "Products"),
    ("Paul Jansen", "Subscriptions"),
    ("Rosa Lindner", "Subscriptions"),
    ("Sami Virtanen", "Subscriptions"),
)
OFFICE_TEAMS = (
    ("Marketing", 11),
    ("Sales", 12),
    ("Support", 14),
    ("Operations", 19),
    ("Product", 13),
    ("Administration", 6),
)

FIRST_NAMES = (
    "anna",
    "ben",
    "clara",
    "david",
    "emma",
    "finn",
    "greta",
    "hannes",
    "ida",
    "jakob",
    "klara",
    "leon",
    "mia",
    "noah",
    "ole",
    "paula",
    "quentin",
    "rosa",
    "stefan",
    "tilda",
    "uwe",
    "vera",
    "willem",
    "yara",
    "zoe",
)
LAST_NAMES = (
    "adler",
    "bauer",
    "claes",
    "dupont",
    "evans",
    "fuchs",
    "graf",
    "hughes",
    "ivanov",
    "jones",
    "keller",
    "lang",
    "meyer",
    "novak",
    "ortiz",
    "peters",
    "quinn",
    "richter",
    "smith",
    "taylor",
    "ulrich",
    "vogt",
    "weber",
    "young",
    "zimmer",
)
