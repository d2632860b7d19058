"""What `hassfest` and the HACS action ask of the files of a custom integration, as schemas."""

from collections.abc import Mapping
from enum import StrEnum, unique
import re
from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
from homeassistant.const import Platform
from homeassistant.helpers import selector
import voluptuous as vol

DOMAIN: Final = "mi_band"


@unique
class Status(StrEnum):
    """How a rule of the quality scale stands."""

    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


RULES: Final[Mapping[str, frozenset[str]]] = {
    "bronze": frozenset(
        """
        action-setup appropriate-polling brands common-modules config-flow
        config-flow-test-coverage dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry
        """.split()  # noqa: SIM905 - a list of 20 quoted words is harder to compare
    ),
    "silver": frozenset(
        """
        action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage
        """.split()  # noqa: SIM905
    ),
    "gold": frozenset(
        """
        devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices
        """.split()  # noqa: SIM905
    ),
    "platinum": frozenset({"async-dependency", "inject-websession", "strict-typing"}),
}
# Values outside the tiers: the scale does not apply.
NO_TIER: Final = frozenset({"custom", "no_score", "internal", "legacy"})

_KEY: Final = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")


def _key(value: object) -> str:
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    raise vol.Invalid("a key is made of a-z, 0-9, _ and -")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or value != value.strip():
        raise vol.Invalid("a text is not empty and has no blank at its ends")
    if re.search(r"</?[a-zA-Z]", value):
        raise vol.Invalid("a text has no HTML")
    if "://" in value:
        raise vol.Invalid("an address is a placeholder")
    if re.search(r"'\{[^}]*\}'", value):
        raise vol.Invalid("a placeholder between single quotes is not filled in")
    if value.startswith("[%key:"):
        raise vol.Invalid("references are not resolved for custom integrations")
    return value


def _icon(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"mdi:[a-z0-9-]+", value):
        return value
    raise vol.Invalid("an icon is mdi: and a name")


def _mapping_of(value: object) -> vol.Schema:
    return vol.Schema({_key: value})


_TEXTS: Final = _mapping_of(_text)
_STEP: Final = vol.Schema(
    {
        **{vol.Optional(name): _text for name in ("title", "description", "submit")},
        **{
            vol.Optional(name): _TEXTS
            for name in ("data", "data_description", "menu_options", "menu_option_descriptions")
        },
        vol.Optional("sections"): _mapping_of(dict),
    }
)
_FLOW: Final[dict[vol.Marker, object]] = {
    vol.Required("step"): _mapping_of(_STEP),
    **{vol.Optional(name): _TEXTS for name in ("error", "abort", "progress", "create_entry")},
}
_ENTITY_TEXTS: Final = {
    vol.Optional("name"): _text,
    vol.Optional("unit_of_measurement"): _text,
    vol.Optional("state"): _TEXTS,
    vol.Optional("state_attributes"): _mapping_of(
        {vol.Optional("name"): _text, vol.Optional("state"): _TEXTS}
    ),
}
_TRIGGER_OR_CONDITION_TEXTS: Final = vol.Schema(
    {
        vol.Required("name"): _text,
        vol.Required("description"): _text,
        vol.Optional("fields"): _mapping_of(
            {vol.Required("name"): _text, vol.Optional("description"): _text}
        ),
    }
)
TRANSLATIONS: Final = vol.Schema(
    {
        vol.Optional("title"): _text,
        vol.Required("config"): {vol.Optional("flow_title"): _text, **_FLOW},
        vol.Optional("options"): _FLOW,
        vol.Optional("selector"): _mapping_of(
            {
                vol.Optional("options"): _TEXTS,
                vol.Optional("fields"): _mapping_of(dict),
                vol.Optional("unit_of_measurement"): _TEXTS,
            }
        ),
        vol.Optional("entity"): {vol.In(list(Platform)): _mapping_of(_ENTITY_TEXTS)},
        vol.Optional("device"): _mapping_of({vol.Optional("name"): _text}),
        vol.Optional("exceptions"): _mapping_of({vol.Required("message"): _text}),
        vol.Optional("issues"): _mapping_of(
            {
                vol.Required("title"): _text,
                vol.Exclusive("description", "fix"): _text,
                vol.Exclusive("fix_flow", "fix"): _FLOW,
            }
        ),
        vol.Optional("services"): _mapping_of(
            {
                vol.Required("name"): _text,
                vol.Required("description"): _text,
                vol.Optional("fields"): _mapping_of(
                    {vol.Required("name"): _text, vol.Required("description"): _text}
                ),
                vol.Optional("sections"): _mapping_of(dict),
            }
        ),
        vol.Optional("triggers"): _mapping_of(_TRIGGER_OR_CONDITION_TEXTS),
        vol.Optional("conditions"): _mapping_of(_TRIGGER_OR_CONDITION_TEXTS),
        vol.Optional("system_health"): {vol.Required("info"): _TEXTS},
    }
)
_STATE_ICONS: Final = {
    vol.Required("default"): _icon,
    vol.Optional("state"): {str: _icon},
    vol.Optional("range"): {vol.Match(r"^-?\d+(\.\d+)?$"): _icon},
}
ICONS: Final = vol.Schema(
    {
        vol.Optional("entity"): {
            vol.In(list(Platform)): _mapping_of(
                {**_STATE_ICONS, vol.Optional("state_attributes"): _mapping_of(_STATE_ICONS)}
            )
        },
        vol.Optional("services"): _mapping_of(
            {vol.Required("service"): _icon, vol.Optional("sections"): _mapping_of(_icon)}
        ),
        vol.Optional("triggers"): _mapping_of({vol.Required("trigger"): _icon}),
        vol.Optional("conditions"): _mapping_of({vol.Required("condition"): _icon}),
    }
)


def _web_address(value: object) -> str:
    if isinstance(value, str) and value.startswith("https://"):
        return value
    raise vol.Invalid("an address on the web begins with https://")


def _own_documentation(value: object) -> str:
    address = _web_address(value)
    if "home-assistant.io/integrations" in address:
        raise vol.Invalid("the official pages do not document a custom integration")
    return address


def _version(value: object) -> str:
    try:
        AwesomeVersion(
            str(value),
            ensure_strategy=[
                AwesomeVersionStrategy.CALVER,
                AwesomeVersionStrategy.PEP440,
                AwesomeVersionStrategy.SEMVER,
                AwesomeVersionStrategy.SIMPLEVER,
            ],
        )
    except AwesomeVersionException as error:
        raise vol.Invalid("no version that Home Assistant understands") from error
    return str(value)


_NAMES: Final = [vol.Match(r"^[a-z0-9_]+$")]
MANIFEST: Final = vol.Schema(
    {
        vol.Required("domain"): DOMAIN,
        vol.Required("name"): str,
        vol.Required("codeowners"): vol.All([vol.Match(r"^@[\w-]+(/[\w-]+)?$")], vol.Length(min=1)),
        vol.Required("documentation"): _own_documentation,
        vol.Required("integration_type"): vol.In(
            ["device", "entity", "hardware", "helper", "hub", "service", "system"]
        ),
        vol.Required("iot_class"): vol.In(
            [
                *("assumed_state", "calculated", "cloud_polling", "cloud_push"),
                *("local_polling", "local_push"),
            ]
        ),
        # Required by HACS.
        vol.Required("issue_tracker"): _web_address,
        vol.Required("version"): _version,
        vol.Optional("after_dependencies"): _NAMES,
        vol.Optional("bluetooth"): [
            vol.Schema(
                {
                    vol.Optional("connectable"): bool,
                    vol.Optional("service_uuid"): vol.Match(r"^[0-9a-f-]{36}$"),
                    vol.Optional("service_data_uuid"): vol.Match(r"^[0-9a-f-]{36}$"),
                    # Home Assistant sorts matchers by the first three characters.
                    vol.Optional("local_name"): vol.Match(r"^[^*?\[]{3}"),
                    vol.Optional("manufacturer_id"): vol.All(int, vol.Range(min=0, max=0xFFFF)),
                    vol.Optional("manufacturer_data_start"): [int],
                }
            )
        ],
        vol.Optional("config_flow"): bool,
        vol.Optional("dependencies"): _NAMES,
        vol.Optional("loggers"): [str],
        vol.Optional("quality_scale"): vol.In([*RULES, *NO_TIER]),
        vol.Optional("requirements"): [vol.Match(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+$")],
        vol.Optional("single_config_entry"): bool,
    }
)
_SERVICE_FIELD: Final = vol.Schema(
    {
        vol.Optional("advanced"): bool,
        vol.Optional("default"): object,
        vol.Optional("example"): object,
        vol.Optional("filter"): dict,
        vol.Optional("required"): bool,
        vol.Required("selector"): selector.validate_selector,
    }
)
SERVICES: Final = _mapping_of(
    vol.Schema(
        {
            vol.Optional("fields"): _mapping_of(_SERVICE_FIELD),
            vol.Optional("target"): vol.Any(None, dict),
        }
    )
)
TRIGGERS_OR_CONDITIONS: Final = _mapping_of(
    vol.Schema(
        {
            vol.Optional("fields"): _mapping_of(_SERVICE_FIELD),
            vol.Required("target"): selector.TargetSelector.CONFIG_SCHEMA,
        }
    )
)
HACS: Final = vol.Schema(
    {
        vol.Required("name"): str,
        vol.Optional("content_in_root"): bool,
        vol.Optional("country"): vol.Any(str, [str]),
        vol.Optional("filename"): str,
        vol.Optional("hacs"): str,
        vol.Optional("hide_default_branch"): bool,
        vol.Optional("homeassistant"): _version,
        vol.Optional("persistent_directory"): str,
        vol.Optional("render_readme"): bool,
        vol.Optional("zip_release"): bool,
    }
)
