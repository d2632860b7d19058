"""What is said to Assist happens on the wrist, and a language model has the same tools."""

from collections.abc import Awaitable, Callable
from pathlib import Path
import shutil

from homeassistant.components import conversation, llm as llm_component
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import pytest

from .bands import MakeBand
from .flow import DOMAIN
from .house import House, until
from .test_triggers import moving_in

SENTENCES = Path(__file__).parents[2] / "custom_sentences" / "en" / "mi_band.yaml"
ENTITIES = (("button", "find"), ("notify", "wrist"), ("sensor", "heart_rate"))
TOOLS = {"mi_band__MiBandFind", "mi_band__MiBandTell", "mi_band__MiBandHeartRate"}

type Say = Callable[[str], Awaitable[str]]


def expose(house: House, platform: str, key: str, *, exposed: bool = True) -> None:
    entity_id = house.entity_id(platform, key)
    async_expose_entity(house.hass, conversation.DOMAIN, entity_id, exposed)


@pytest.fixture
async def say(house: House, hass: HomeAssistant) -> Say:
    """Say something to Home Assistant's own agent, which has our sentences; give its answer."""
    folder = Path(hass.config.path("custom_sentences", "en"))
    await hass.async_add_executor_job(lambda: folder.mkdir(parents=True))
    await hass.async_add_executor_job(shutil.copy, SENTENCES, folder)
    for component in ("homeassistant", "intent", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    for platform, key in ENTITIES:
        expose(house, platform, key)

    async def run(text: str) -> str:
        result = await conversation.async_converse(hass, text, None, Context(), language="en")
        answer: str = result.response.speech["plain"]["speech"]
        return answer

    return run


@pytest.mark.parametrize("sentence", ["Find my band", "where is the band?", "Find Ada's band"])
async def test_a_band_that_is_looked_for_vibrates(house: House, say: Say, sentence: str) -> None:
    assert await say(sentence) == "Mi Smart Band 4 Ada vibrates"
    await until(lambda: house.on_band("vibration", "count"))


@pytest.mark.parametrize(
    "sentence", ["tell Ada's wrist that dinner is ready", "Tell my wrist dinner is ready"]
)
async def test_a_wrist_is_told_something(house: House, say: Say, sentence: str) -> None:
    assert await say(sentence) == "Sent to Mi Smart Band 4 Ada"
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert alert["body"] == "dinner is ready"


@pytest.mark.parametrize("sentence", ["What is my heart rate?", "what's Ada's pulse"])
async def test_a_heart_rate_is_measured_when_it_is_asked_for(
    house: House, say: Say, sentence: str
) -> None:
    house.band.wearer.set_heart_rate(66)
    await house.act("button", "measure_heart_rate", "press")
    house.band.wearer.set_heart_rate(71)
    assert await say(sentence) == "71 beats per minute"


async def test_a_stranger_has_no_band(house: House, say: Say) -> None:
    assert await say("Find Bob's band") == "No such band is exposed to Assist"
    assert house.on_band("vibration", "count") == 0


async def test_what_is_not_exposed_is_not_there(house: House, say: Say) -> None:
    expose(house, "sensor", "heart_rate", exposed=False)
    assert await say("What is my heart rate?") == "No such band is exposed to Assist"


async def test_a_band_that_is_away_is_said_to_be(house: House, say: Say) -> None:
    await house.lose_band()
    for sentence in ("Find my band", "Tell my wrist hello", "What is my pulse?"):
        assert await say(sentence) == "The band cannot be reached"


async def test_with_two_bands_one_has_to_say_whose(
    house: House, hass: HomeAssistant, say: Say, make_band: MakeBand
) -> None:
    key = bytes(range(16))
    band = await make_band(key=key, address="F3:4E:C4:00:00:02")
    async with moving_in(hass, band, key) as other:
        expose(other, "notify", "wrist")
        assert await say("Tell my wrist hello") == ("There are several bands. Say whose you mean")
        assert await say("Tell Grace's wrist hello") == "Sent to Mi Smart Band 4 Grace"
        await until(lambda: other.on_band("alerts"))
        assert house.on_band("alerts") == []


# Language models


async def tools(hass: HomeAssistant, api_id: str = llm.LLM_API_ASSIST) -> dict[str, llm.Tool]:
    """Return what our integration gives to a model, by name."""
    found = await llm_component.async_get_tools(hass, _context(), api_id)
    return {tool.name: tool for tool in found.tools if tool.integration == DOMAIN}


def _context() -> llm.LLMContext:
    return llm.LLMContext(
        platform="test",
        context=Context(),
        language="en",
        assistant=conversation.DOMAIN,
        device_id=None,
    )


async def call(hass: HomeAssistant, name: str, **arguments: object) -> llm.ToolResult:
    """Call a tool as a model does: by the API, with what it was given."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, _context())
    result = await api.async_call_tool(llm.ToolInput(tool_name=name, tool_args=dict(arguments)))
    assert isinstance(result, llm.ToolResult)
    return result


@pytest.fixture
async def with_llm(hass: HomeAssistant, say: Say) -> None:
    """Have what models use."""
    assert await async_setup_component(hass, "llm", {})


@pytest.mark.usefixtures("with_llm")
async def test_a_model_has_a_tool_for_what_is_exposed(house: House, hass: HomeAssistant) -> None:
    assert (await tools(hass)).keys() == TOOLS
    expose(house, "sensor", "heart_rate", exposed=False)
    assert (await tools(hass)).keys() == TOOLS - {"mi_band__MiBandHeartRate"}
    for platform, key in ENTITIES:
        expose(house, platform, key, exposed=False)
    assert await tools(hass) == {}


@pytest.mark.usefixtures("with_llm")
async def test_another_api_gets_nothing(hass: HomeAssistant) -> None:
    assert await tools(hass, "another") == {}


@pytest.mark.usefixtures("with_llm")
async def test_no_tool_destroys_or_reaches_out(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    found = await tools(hass)
    assert not any(tool.annotations.destructive for tool in found.values())
    assert not any(tool.annotations.open_world for tool in found.values())
    assert {name for name, tool in found.items() if tool.annotations.read_only} == {
        "mi_band__MiBandHeartRate"
    }
    assert "provides LLM tools" not in caplog.text


@pytest.mark.usefixtures("with_llm")
async def test_a_model_does_what_was_asked_of_it(house: House, hass: HomeAssistant) -> None:
    await call(hass, "mi_band__MiBandTell", message="Hello", wearer="Ada")
    await until(lambda: house.on_band("alerts"))
    assert house.on_band("alerts")[0]["body"] == "Hello"
    await call(hass, "mi_band__MiBandFind")
    await until(lambda: house.on_band("vibration", "active"))
    house.band.wearer.set_heart_rate(72)
    result = await call(hass, "mi_band__MiBandHeartRate")
    assert result.data["speech_slots"] == {"band": "Mi Smart Band 4 Ada", "heart_rate": 72}


@pytest.mark.usefixtures("with_llm")
async def test_a_model_is_told_why_it_could_not(house: House, hass: HomeAssistant) -> None:
    with pytest.raises(HomeAssistantError, match="No band of that name"):
        await call(hass, "mi_band__MiBandFind", wearer="Bob")


def test_every_intent_has_its_sentences_and_its_answers() -> None:
    text = SENTENCES.read_text()
    for name in ("MiBandFind", "MiBandTell", "MiBandHeartRate"):
        assert text.count(f"  {name}:") == 2
