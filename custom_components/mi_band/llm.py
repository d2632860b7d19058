"""Tools for language models: the same intents, for what is exposed, and nothing that destroys."""

from typing import Final

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    IntentTool,
    LLMContext,
    Tool,
    ToolAnnotations,
)

from .const import DOMAIN
from .intent import FindBand, TellHeartRate, TellWrist, exposed_bands

_TOOLS: Final = (
    (
        FindBand,
        "Find a band",
        ToolAnnotations(destructive=False, idempotent=True, open_world=False),
    ),
    (TellWrist, "Tell a wrist", ToolAnnotations(destructive=False, open_world=False)),
    (
        TellHeartRate,
        "Measure a heart rate",
        ToolAnnotations(read_only=True, destructive=False, open_world=False),
    ),
)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return a tool for each intent that some exposed entity stands for."""
    if api_id != LLM_API_ASSIST or not llm_context.assistant:
        return None
    tools: list[Tool] = [
        IntentTool(
            f"{DOMAIN}__{handler.intent_type}",
            handler(),
            title=title,
            integration=DOMAIN,
            annotations=annotations,
        )
        for handler, title, annotations in _TOOLS
        if any(exposed_bands(hass, llm_context.assistant, *handler.entity))
    ]
    return LLMTools(tools=tools) if tools else None
