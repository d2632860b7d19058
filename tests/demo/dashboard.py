"""A dashboard of the band: the entities that it has, in the order in which people ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .process import until
from .server import DOMAIN, HomeServer, JsonObject

URL_PATH = "mi-band"
# A demonstration is minutes old when somebody looks at it.
_GRAPH_HOURS = 0.25
_CONNECT_TIMEOUT_S = 240.0
_TITLE = "Mi Smart Band 4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entity on the dashboard."""

    platform: str
    key: str
    """The end of its unique id, see the tables of the integration's platforms."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What its tile has beside its defaults."""


# The whole width of a section; a tile has half of it by itself.
_WIDE = {"grid_options": {"columns": 12}}
_NOW = (
    Shown(platform="sensor", key="steps", options={"color": "green"}),
    Shown(platform="sensor", key="heart_rate", options={"color": "red"}),
    Shown(platform="sensor", key="distance", options={"color": "teal"}),
    Shown(platform="sensor", key="calories", options={"color": "orange"}),
    Shown(platform="sensor", key="battery", options={"color": "light-green"}),
    Shown(platform="binary_sensor", key="connected", options={"color": "blue"}),
    Shown(platform="binary_sensor", key="worn", options={"color": "blue"}),
    Shown(platform="binary_sensor", key="charging", options={"color": "amber"}),
    # What is longer than a tile is wide is cut; a name of its own fits.
    Shown(
        platform="sensor",
        key="step_goal_progress",
        options={"color": "green", "name": "Goal progress"},
    ),
    Shown(platform="sensor", key="last_sync"),
)
_PRESSED = (
    Shown(platform="button", key="find"),
    Shown(platform="button", key="sync"),
    Shown(platform="button", key="measure_heart_rate", options=_WIDE),
)
_CHOSEN = (
    Shown(platform="switch", key="continuous_heart_rate", options={"color": "red", **_WIDE}),
    Shown(
        platform="number",
        key="step_goal",
        options={
            "features": [{"type": "numeric-input", "style": "buttons"}],
            "features_position": "inline",
            **_WIDE,
        },
    ),
)
_HAPPENED = (
    Shown(platform="event", key="find_phone"),
    Shown(platform="event", key="call"),
    Shown(platform="event", key="music"),
    Shown(platform="event", key="sleep"),
    Shown(platform="event", key="wear"),
    Shown(platform="event", key="goal"),
)
_DRAWN = (
    Shown(platform="image", key="last_night"),
    Shown(platform="image", key="heart_rate_today"),
)
_SLEPT = (
    Shown(platform="sensor", key="sleep_duration", options={"color": "indigo"}),
    Shown(platform="sensor", key="deep_sleep", options={"color": "indigo"}),
    Shown(platform="sensor", key="fell_asleep_at", options={"color": "indigo"}),
    Shown(platform="sensor", key="woke_up_at", options={"color": "indigo"}),
    Shown(
        platform="sensor",
        key="resting_heart_rate",
        options={"color": "red", "name": "Resting pulse"},
    ),
    Shown(platform="sensor", key="last_workout", options={"color": "green"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted:
    """A chart of long-term statistics, a value a day."""

    title: str
    names: Mapping[str, str]
    """What to call each statistic, by its key."""
    types: Sequence[str]
    chart: str


_TWO_WEEKS = (
    Charted(title="Steps", names={"steps": "Steps"}, types=["change"], chart="bar"),
    Charted(
        title="Heart rate",
        names={"heart_rate": "Heart rate"},
        types=["mean", "min", "max"],
        chart="line",
    ),
    Charted(
        title="Sleep",
        names={"sleep_light": "Light", "sleep_deep": "Deep", "sleep_awake": "Awake"},
        types=["change"],
        chart="bar",
    ),
)
_DAYS = 14
_MESSAGE = "Hello from the dashboard"
# What a tile or a graph is called by: its own name, as all of them belong to the one band.
_OWN_NAME = {"type": "entity"}

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
    config = build(await band_entities(server), await band_identity(server), page)
    await server.command("lovelace/config/save", url_path=URL_PATH, config=config)
    await server.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
    return f"{server.url}/{URL_PATH}"


async def measure_once(server: HomeServer) -> None:
    """Wait for the band, and let it measure the heart rate: it does so only when asked."""
    entities = await band_entities(server)

    async def connected() -> bool:
        states = await server.states()
        return states[entities["binary_sensor", "connected"]].state == "on"

    await until(
        connected,
        what="the band is connected",
        timeout_s=_CONNECT_TIMEOUT_S,
        child=server.child,
    )
    await server.act("button.press", {"entity_id": entities["button", "measure_heart_rate"]})


async def band_identity(server: HomeServer) -> str:
    """Give what the ids of the one band's entities and statistics begin with."""
    registry: list[JsonObject] = await server.command("config/entity_registry/list")
    # A unique id is `<identity>_<key>`.
    return next(
        str(one["unique_id"]).partition("_")[0] for one in registry if one["platform"] == DOMAIN
    )


async def band_entities(server: HomeServer) -> dict[tuple[str, str], str]:
    """Give the entities of the one band that are not disabled."""
    registry: list[JsonObject] = await server.command("config/entity_registry/list")
    ours = [one for one in registry if one["platform"] == DOMAIN and not one["disabled_by"]]
    return {
        (one["entity_id"].partition(".")[0], one["unique_id"].partition("_")[2]): one["entity_id"]
        for one in ours
    }


def build(entities: Entities, identity: str, page: str) -> JsonObject:
    """Build the dashboard of the entities that there are."""
    sections = [
        _section("Now", [*_tiles(_NOW, entities), *_graph("steps", "Steps", entities)]),
        _section(
            "On the wrist",
            [
                *_message(entities),
                *_buttons(entities),
                *_tiles(_CHOSEN, entities),
                *_graph("heart_rate", "Heart rate", entities),
            ],
        ),
        _section("What its wearer sees", [_picture(page)]),
        _section("Last night", [*_drawn(_DRAWN, entities), *_tiles(_SLEPT, entities)]),
        _section("Two weeks", [_statistics(one, identity) for one in _TWO_WEEKS]),
        _section("What happened", [*_calendar(entities), *_tiles(_HAPPENED, entities)]),
    ]
    view = {
        "title": _TITLE,
        "path": "band",
        "type": "sections",
        "max_columns": 3,
        "sections": [section for section in sections if len(section["cards"]) > 1],
    }
    return {"views": [view]}


def _section(title: str, cards: Sequence[JsonObject]) -> JsonObject:
    return {"type": "grid", "cards": [{"type": "heading", "heading": title}, *cards]}


def _tiles(shown: Sequence[Shown], entities: Entities) -> list[JsonObject]:
    return [
        {
            "type": "tile",
            "entity": entities[one.platform, one.key],
            "name": _OWN_NAME,
            **one.options,
        }
        for one in shown
        if (one.platform, one.key) in entities
    ]


def _acts(action: str, entity: str, data: Mapping[str, str] | None = None) -> JsonObject:
    """What a tile has so that a click acts, wherever on the tile it is."""
    act = {
        "action": "perform-action",
        "perform_action": action,
        "target": {"entity_id": entity},
        "data": data or {},
    }
    return {"tap_action": act, "icon_tap_action": act}


def _message(entities: Entities) -> list[JsonObject]:
    """A message with one click; Home Assistant has no card with a field for a text."""
    if (entity := entities.get(("notify", "wrist"))) is None:
        return []
    return [
        {
            "type": "tile",
            "entity": entity,
            "name": f"Send \u201c{_MESSAGE}\u201d",
            "icon": "mdi:message-arrow-right",
            "color": "blue",
            **_WIDE,
            **_acts("notify.send_message", entity, {"title": "Home", "message": _MESSAGE}),
        }
    ]


def _buttons(entities: Entities) -> list[JsonObject]:
    return [
        # The state of a button is when it was pressed last.
        {**tile, "hide_state": True, "color": "blue", **_acts("button.press", tile["entity"])}
        for tile in _tiles(_PRESSED, entities)
    ]


def _picture(page: str) -> JsonObject:
    return {"type": "iframe", "url": page, "grid_options": {"columns": 12, "rows": 12}}


def _drawn(shown: Sequence[Shown], entities: Entities) -> list[JsonObject]:
    return [
        {
            "type": "picture-entity",
            "entity": entities[one.platform, one.key],
            "show_name": False,
            "show_state": False,
            **_WIDE,
        }
        for one in shown
        if (one.platform, one.key) in entities
    ]


def _statistics(charted: Charted, identity: str) -> JsonObject:
    return {
        "type": "statistics-graph",
        "title": charted.title,
        "chart_type": charted.chart,
        "period": "day",
        "days_to_show": _DAYS,
        "stat_types": charted.types,
        "hide_legend": len(charted.names) == 1,
        "entities": [
            {"entity": f"{DOMAIN}:{identity}_{key}", "name": name}
            for key, name in charted.names.items()
        ],
        **_WIDE,
    }


def _calendar(entities: Entities) -> list[JsonObject]:
    if (entity := entities.get(("calendar", "workouts_and_sleep"))) is None:
        return []
    # Rows enough for a month whose days have a night and a workout each.
    return [
        {
            "type": "calendar",
            "entities": [entity],
            "initial_view": "dayGridMonth",
            "grid_options": {"columns": 12, "rows": 11},
        }
    ]


def _graph(key: str, title: str, entities: Entities) -> list[JsonObject]:
    if (entity := entities.get(("sensor", key))) is None:
        return []
    return [
        {
            "type": "history-graph",
            "title": title,
            "hours_to_show": _GRAPH_HOURS,
            "entities": [{"entity": entity, "name": _OWN_NAME}],
        }
    ]
