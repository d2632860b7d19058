"""Adding the band without a browser: the pages of the config flow, over the API behind them."""

from collections.abc import Mapping

from .process import until
from .server import HomeAssistantError, HomeServer, JsonObject

_PAGE_TIMEOUT_S = 240.0
# What the wearer of the demonstration says on the profile page; the rest stays as suggested.
PROFILE: Mapping[str, object] = {
    "name": "Robin",
    "birth_date": "1990-05-17",
    "sex": "female",
    "height": 171,
    "weight": 66,
}


async def pair(server: HomeServer, flow_id: str, key: str) -> JsonObject:
    """Go from the discovered card to the config entry with a key that is known.

    Raises:
        HomeAssistantError: a page was shown that this way does not pass, or an error on a page.
    """
    step = await server.flow(flow_id)
    while step["type"] != "create_entry":
        match step["type"]:
            case "progress":
                step = await _next_page(server, step)
            case "menu":
                step = await server.submit(flow_id, {"next_step_id": "key"})
            case "form" if not step["errors"]:
                step = await server.submit(flow_id, _answers(step, key))
            case _:
                raise HomeAssistantError(f"The band was not added: {step}")
    return step


def _answers(step: JsonObject, key: str) -> dict[str, object]:
    """Fill in the fields of a page; what the page suggests is what the browser would send."""
    wanted = {"key": key, **PROFILE}
    return {
        field["name"]: wanted.get(
            field["name"], field.get("description", {}).get("suggested_value", field.get("default"))
        )
        for field in step["data_schema"]
    }


async def _next_page(server: HomeServer, shown: JsonObject) -> JsonObject:
    """Wait until a progress page is over, as the browser does."""

    async def page() -> JsonObject | None:
        step = await server.flow(shown["flow_id"])
        same = step["type"] == "progress" and step["progress_action"] == shown["progress_action"]
        return None if same else step

    return await until(
        page,
        what=f"the page {shown['step_id']} is over",
        timeout_s=_PAGE_TIMEOUT_S,
        child=server.child,
    )
