"""The statistics in the other databases that people give their recorder: real servers of them."""

from collections.abc import Generator

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.mi_band.archive import Archive
from custom_components.mi_band.history import History

from .projected import ADA, DAY, FIRST, Band, run
from .servers import SERVERS, NotInstalled, running


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture(params=SERVERS)
def recorder_db_url(request: pytest.FixtureRequest) -> Generator[str]:
    """Provide a database in a server of its own."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    try:
        with running(SERVERS[request.param]) as url:
            yield url
    except NotInstalled as err:
        pytest.skip(str(err))


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Make the recorder ready before Home Assistant is."""


async def test_the_statistics_are_the_same_in_every_database(
    recorder_mock: Recorder, hass: HomeAssistant, history: History
) -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    ada = Band(hass, Archive(hass, history, lambda damaged: damaged))
    assert str(get_instance(hass).dialect_name) in {"postgresql", "mysql"}
    await ada.commit(DAY)
    await ada.project()
    told = await ada.told()
    assert told["steps"] == {0: (600,), 6: (1200,), 7: (1200,)}
    assert told["distance"] == {0: (0.498,), 6: (0.996,), 7: (0.996,)}
    assert told["heart_rate"] == {
        0: (70, 70, 70),
        2: (50, 50, 50),
        3: (49, 48, 50),
        4: (48, 48, 48),
        6: (90, 90, 90),
        7: (90, 90, 90),
    }
    assert told["sleep_deep"] == {3: (30,), 4: (60,)}
    # Late minutes, sums after them, and a row that has to go.
    await ada.commit([*run(FIRST - 60, 60, 1, steps=1), *run(FIRST, 60, 1, steps=10)])
    await ada.project()
    after = await ada.told()
    assert after["steps"] == {-1: (60,), 0: (600,), 6: (1200,), 7: (1200,)}
    assert [*after["heart_rate"]] == [2, 3, 4, 6, 7]
    ada.restart()
    await ada.project()
    await ada.rebuild()
    assert await ada.told() == after
    assert history.unprojected(ADA) is None
