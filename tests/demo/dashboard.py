"""A dashboard of the band: the entities that it has, in the order in which people ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .server import DOMAIN, HomeServer, JsonObject

URL_PATH = "mi-band"
_TITLE = "Mi Smart Band 4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entity on the dashboard."""

    platform: str
    key: str
    """The end of its unique id, see the tables of the integration's platforms."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What its tile has beside its defaults."""


_NOW = (
    Shown(platform="sensor", key="steps", options={"color": "green"}),
    Shown(platform="sensor", key="heart_rate", options={"color": "red"}),
    Shown(platform="sensor", key="distance", options={"color": "teal"}),
    Shown(platform="sensor", key="calories", options={"color": "orange"}),
    Shown(platform="sensor", key="battery", options={"color": "light-green"}),
    Shown(platform="binary_sensor", key="connected", options={"color": "blue"}),
    Shown(platform="binary_sensor", key="worn", options={"color": "blue"}),
    Shown(platform="binary_sensor", key="charging", options={"color": "amber"}),
    Shown(platform="sensor", key="last_sync"),
)
_WRIST = (
    Shown(platform="button", key="find"),
    Shown(platform="button", key="measure_heart_rate"),
    Shown(platform="button", key="sync"),
    Shown(platform="switch", key="continuous_heart_rate", options={"color": "red"}),
    Shown(
        platform="select",
        key="heart_rate_interval",
        options={"features": [{"type": "select-options"}]},
    ),
    Shown(
        platform="number",
        key="step_goal",
        options={"features": [{"type": "numeric-input", "style": "buttons"}]},
    ),
)
_HAPPENED = (
    Shown(platform="event", key="find_phone"),
    Shown(platform="event", key="call"),
    Shown(platform="event", key="music"),
    Shown(platform="event", key="sleep"),
    Shown(platform="event", key="wear"),
)
_GRAPHS = (
    ("Steps", Shown(platform="sensor", key="steps")),
    ("Heart rate", Shown(platform="sensor", key="heart_rate")),
    ("Battery", Shown(platform="sensor", key="battery")),
)
_MESSAGE = "Hello from the dashboard"

type Entities = Mapping[tuple[str, str], str]
"""Entity id by platform and key."""


async def add_dashboard(server: HomeServer, page: str) -> str:
    """Add the dashboard where it is missing, show it first, and give its address.

    Args:
        server: The Home Assistant that has the band.
        page: The address of the band's page, shown beside the entities.
    """
    existing = await server.command("lovelace/dashboards/list")
    if all(one["url_path"] != URL_PATH for one in existing):
        await server.command(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title=_TITLE,
            icon="mdi:watch-variant",
            show_in_sidebar=True,
            require_admin=False,
        )
    await server.command(
        "lovelace/config/save", url_path=URL_PATH, config=build(await band_entities(server), page)
    )
    await server.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
    return f"{server.url}/{URL_PATH}"


async def band_entities(server: HomeServer) -> dict[tuple[str, str], str]:
    """Give the entities of the one band that are not disabled."""
    registry: list[JsonObject] = await server.command("config/entity_registry/list")
    ours = [one for one in registry if one["platform"] == DOMAIN and not one["disabled_by"]]
    # A unique id is `<identity>_<key>`; that of `connected` shows how long the identity is.
    start = next(
        len(one["unique_id"]) - len("connected")
        for one in ours
        if one["unique_id"].endswith("_connected")
    )
    return {
        (one["entity_id"].partition(".")[0], one["unique_id"][start:]): one["entity_id"]
        for one in ours
    }


def build(entities: Entities, page: str) -> JsonObject:
    """Build the dashboard of the entities that there are."""
    sections = [
        _section("Now", _tiles(_NOW, entities)),
        _section("On the wrist", [*_notify(entities), *_tiles(_WRIST, entities)]),
        _section("What it looks like", [_picture(page)]),
        _section("The last hours", _graphs(entities)),
        _section("What happened", _tiles(_HAPPENED, entities)),
    ]
    view = {
        "title": _TITLE,
        "path": "band",
        "type": "sections",
        "max_columns": 3,
        "dense_section_placement": True,
        "sections": [section for section in sections if len(section["cards"]) > 1],
    }
    return {"views": [view]}


def _section(title: str, cards: Sequence[JsonObject]) -> JsonObject:
    return {"type": "grid", "cards": [{"type": "heading", "heading": title}, *cards]}


def _tiles(shown: Sequence[Shown], entities: Entities) -> list[JsonObject]:
    return [
        {"type": "tile", "entity": entities[one.platform, one.key], **one.options}
        for one in shown
        if (one.platform, one.key) in entities
    ]


def _notify(entities: Entities) -> list[JsonObject]:
    """A message with one click; Home Assistant has no card with a field for a text."""
    if (entity := entities.get(("notify", "wrist"))) is None:
        return []
    action = {
        "action": "perform-action",
        "perform_action": "notify.send_message",
        "target": {"entity_id": entity},
        "data": {"title": "Home", "message": _MESSAGE},
    }
    return [
        {
            "type": "button",
            "name": f"Send \u201c{_MESSAGE}\u201d",
            "icon": "mdi:message-arrow-right",
            "tap_action": action,
            "show_state": False,
            "grid_options": {"columns": 12, "rows": 2},
        }
    ]


def _picture(page: str) -> JsonObject:
    return {"type": "iframe", "url": page, "grid_options": {"columns": 12, "rows": 8}}


def _graphs(entities: Entities) -> list[JsonObject]:
    return [
        {
            "type": "history-graph",
            "title": title,
            "hours_to_show": 6,
            "entities": [{"entity": entities[one.platform, one.key]}],
        }
        for title, one in _GRAPHS
        if (one.platform, one.key) in entities
    ]
