"""Check what `hassfest` and the HACS action check, as far as it can be had offline.

Both run in continuous integration and are the judges; this finds the same faults on a machine
without them, and says each in a sentence. `python script/check_integration.py`
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
import importlib
import json
from pathlib import Path
import re
import struct
import sys
from typing import Final

from homeassistant.components.event import EventEntityDescription
from homeassistant.components.select import SelectEntityDescription
from homeassistant.const import Platform
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict
from integration_rules import (
    DOMAIN,
    HACS,
    ICONS,
    MANIFEST,
    NO_TIER,
    RULES,
    SERVICES,
    TRANSLATIONS,
    TRIGGERS_OR_CONDITIONS,
    Status,
)
import voluptuous as vol

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "custom_components" / DOMAIN

# Components that may be used undeclared: every instance has them.
ALWAYS_THERE: Final = frozenset(Platform) | {
    *("automation", "device_automation", "frontend", "homeassistant", "http", "script"),
    *("persistent_notification", "websocket_api", "zone"),
}
# Components that look for a file of their name and may be used in it.
OWN_FILE: Final = frozenset({"backup", "diagnostics", "llm", "repairs", "system_health"})
# Components that come with one that is declared.
COMES_WITH: Final = {"bluetooth_adapters": {"bluetooth"}}
PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_]+)\}")

type Json = Mapping[str, object]
type Faults = Iterator[str]


def main() -> int:
    """Print every fault; give the exit code."""
    sys.path.insert(0, str(ROOT))
    # What cannot be parsed cannot be checked further.
    faults = list(check_json()) or [fault for check in CHECKS for fault in check()]
    for fault in faults:
        print(fault)
    print(f"check_integration: {len(faults)} faults")
    return 1 if faults else 0


def _json(path: Path) -> Json:
    found = json.loads(path.read_bytes())
    return found if isinstance(found, dict) else {}


def _yaml(path: Path) -> Json:
    return load_yaml_dict(path)


def _below(tree: object, *path: str) -> Json:
    """Return the mapping at the end of the path; an empty one where it does not lead."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def _texts() -> Json:
    return _json(FOLDER / "translations" / "en.json")


def _by_schema(schema: vol.Schema, value: object, where: str) -> Faults:
    try:
        schema(value)
    except vol.MultipleInvalid as found:
        for error in found.errors:
            yield f"{where}: {'.'.join(str(step) for step in error.path)}: {error.msg}"


def check_json() -> Faults:
    """Every JSON file parses."""
    for path in (ROOT / "hacs.json", *FOLDER.rglob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            yield f"{path.relative_to(ROOT)}: {error}"


def check_manifest() -> Faults:
    """The manifest has the right keys, values and order."""
    manifest = _json(FOLDER / "manifest.json")
    yield from _by_schema(MANIFEST, manifest, "manifest.json")
    keys = list(manifest)
    if keys != ["domain", "name", *sorted(keys[2:])]:
        yield "manifest.json: domain and name come first, then the other keys by the alphabet"
    if bool(manifest.get("config_flow")) != (FOLDER / "config_flow.py").exists():
        yield "manifest.json: config_flow says whether there is a config_flow.py"
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    if version is None or version[1] != manifest.get("version"):
        yield "manifest.json: version is not that of pyproject.toml"


def check_config_schema() -> Faults:
    """An integration with an `async_setup` says that it takes nothing from YAML."""
    names = {
        getattr(target, "name", getattr(target, "id", None))
        for node in ast.parse((FOLDER / "__init__.py").read_bytes()).body
        for target in (node, *getattr(node, "targets", ()), getattr(node, "target", node))
    }
    if "async_setup" in names and "CONFIG_SCHEMA" not in names:
        yield "__init__.py: there is an async_setup and no CONFIG_SCHEMA"


def check_hacs() -> Faults:
    """HACS finds what it asks of a repository."""
    yield from _by_schema(HACS, _json(ROOT / "hacs.json"), "hacs.json")
    folders = [path.name for path in FOLDER.parent.iterdir() if (path / "manifest.json").exists()]
    if folders != [DOMAIN]:
        yield f"custom_components: one integration in a repository, not {folders}"
    for name in ("README.md", "LICENSE"):
        if not (ROOT / name).exists():
            yield f"{name} is missing"


def check_dependencies() -> Faults:
    """Every component of Home Assistant that is used is declared."""
    manifest = _json(FOLDER / "manifest.json")
    declared = {
        name for key in ("dependencies", "after_dependencies") for name in _list(manifest.get(key))
    }
    for name in tuple(declared):
        declared |= COMES_WITH.get(name, set())
    for path in sorted(FOLDER.rglob("*.py")):
        allowed = declared | ALWAYS_THERE | ({path.stem} & OWN_FILE)
        for component in sorted(_components(path) - allowed):
            yield f"manifest.json: {component} is used in {path.name} and not declared"


def _list(value: object) -> Sequence[str]:
    return value if isinstance(value, list) else []


def _components(path: Path) -> set[str]:
    prefix = "homeassistant.components"
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                # `from homeassistant.components import bluetooth` names it last.
                modules = [f"{module}.{alias.name}" for alias in names]
            case _:
                continue
        found |= {
            name.removeprefix(f"{prefix}.").partition(".")[0]
            for name in modules
            if name.startswith(f"{prefix}.")
        }
    return found


def check_services() -> Faults:
    """Every action is described, its selectors are valid, every field has its text."""
    services = _yaml(FOLDER / "services.yaml")
    yield from _by_schema(SERVICES, services, "services.yaml")
    yield from _check_fields("services", services)


def check_triggers_and_conditions() -> Faults:
    """Every trigger and condition exists, is described, and has its texts and its icon."""
    for section, module in (("triggers", "trigger"), ("conditions", "condition")):
        made = vars(importlib.import_module(f"custom_components.{DOMAIN}.{module}"))
        # What begins with a dot is only there to be repeated.
        described = {
            name: parts
            for name, parts in _yaml(FOLDER / f"{section}.yaml").items()
            if not name.startswith(".")
        }
        yield from _by_schema(TRIGGERS_OR_CONDITIONS, described, f"{section}.yaml")
        yield from _check_fields(section, described)
        for where, names in (
            (f"{section}.yaml", described),
            ("en.json", _below(_texts(), section)),
            ("icons.json", _below(_json(FOLDER / "icons.json"), section)),
        ):
            for name in names.keys() ^ made[section.upper()].keys():
                yield f"{where}: {section}: {name} is here or in {module}.py, but not in both"


def _check_fields(section: str, described: Json) -> Faults:
    for name in described:
        fields = _below(described, name, "fields")
        for field in fields.keys() ^ _below(_texts(), section, name, "fields").keys():
            yield f"{section}.{name}: {field} is a field or has a text, but not both"
        for field in fields:
            for kind, options in _below(fields, field, "selector").items():
                yield from _check_selector(f"{section}.{name}.{field}", kind, options)


def _check_selector(where: str, kind: str, options: object) -> Faults:
    if kind != "select" or not isinstance(options, Mapping):
        return
    key = options.get("translation_key")
    if not isinstance(key, str):
        return
    texts = _below(_texts(), "selector", key, "options")
    for option in {str(option) for option in _list(options.get("options"))} ^ texts.keys():
        yield f"{where}: {option} is an option or has a text in selector.{key}, but not both"


def check_translations() -> Faults:
    """The texts have the shape that Home Assistant wants, and the same in every language."""
    for path in sorted((FOLDER / "translations").glob("*.json")):
        where, texts = f"translations/{path.name}", _json(path)
        yield from _by_schema(TRANSLATIONS, texts, where)
        yield from _check_pages(where, texts)
        yield from _check_language(where, dict(_leaves(texts)), dict(_leaves(_texts())))


def _check_pages(where: str, texts: Json) -> Faults:
    for step, page in _pages(texts):
        fields, described = _below(page, "data").keys(), _below(page, "data_description").keys()
        for field in fields ^ described:
            yield f"{where}: {step}: {field} is a field or has a description, but not both"
        chosen = _below(page, "menu_options").keys()
        for option in _below(page, "menu_option_descriptions").keys() - chosen:
            yield f"{where}: {step}: {option} is described and no option of the menu"


def _check_language(where: str, texts: Mapping[str, str], english: Mapping[str, str]) -> Faults:
    for key, text in texts.items():
        if key not in english:
            yield f"{where}: {key} is not in en.json"
        elif set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(english[key])):
            yield f"{where}: {key} has other placeholders than in en.json"


def _leaves(tree: Json, path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)


def _pages(texts: Json) -> Iterator[tuple[str, Json]]:
    for section in ("config", "options"):
        for name in _below(texts, section, "step"):
            yield f"{section}.step.{name}", _below(texts, section, "step", name)


def check_icons() -> Faults:
    """The icons have the right shape; one that repeats the default says nothing."""
    icons = _json(FOLDER / "icons.json")
    yield from _by_schema(ICONS, icons, "icons.json")
    for where, group in _icon_groups(_below(icons, "entity"), "entity"):
        for state, icon in _below(group, "state").items():
            if icon == group["default"]:
                yield f"icons.json: {where}.{state} repeats the default icon"


def _icon_groups(tree: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Every mapping with a default icon, however deep."""
    if isinstance(tree.get("default"), str):
        yield path, tree
    for name, inner in tree.items():
        if isinstance(inner, Mapping):
            yield from _icon_groups(inner, f"{path}.{name}")


def check_states() -> Faults:
    """Every option of a select and every type of an event has its text."""
    for platform, row in _descriptions():
        match row:
            case SelectEntityDescription():
                values = getattr(getattr(row, "setting", None), "values", ())
                wanted = {*values, *(row.options or ())}
                path: tuple[str, ...] = ("state",)
            case EventEntityDescription():
                wanted = set(getattr(row, "types", {}).values()) | set(row.event_types or ())
                path = ("state_attributes", "event_type", "state")
            case _:
                continue
        texts = _below(_texts(), "entity", platform, row.key, *path)
        for state in wanted ^ texts.keys():
            yield f"entity.{platform}.{row.key}: {state} is a state or has a text, but not both"


def _descriptions() -> Iterator[tuple[str, EntityDescription]]:
    for platform in Platform:
        if not (FOLDER / f"{platform}.py").exists():
            continue
        module = importlib.import_module(f"custom_components.{DOMAIN}.{platform}")
        tables = [table for table in vars(module).values() if isinstance(table, tuple)]
        for row in (row for table in tables for row in table):
            if isinstance(row, EntityDescription):
                yield platform.value, row


def check_quality_scale() -> Faults:
    """Every rule has a status, what is exempt has a reason, and a tier is not claimed too early."""
    rules = _below(_yaml(FOLDER / "quality_scale.yaml"), "rules")
    for rule in sorted(rules.keys() ^ frozenset[str]().union(*RULES.values())):
        yield f"quality_scale.yaml: {rule} is missing or unknown"
    for rule, entry in rules.items():
        if _status(entry) not in set(Status):
            yield f"quality_scale.yaml: {rule} has no known status"
        if _status(entry) == Status.EXEMPT and not _below(rules, rule).get("comment"):
            yield f"quality_scale.yaml: {rule} is exempt without a reason"
    claimed = _json(FOLDER / "manifest.json").get("quality_scale", "custom")
    if claimed not in NO_TIER:
        tiers = list(RULES)
        for tier in tiers[: tiers.index(str(claimed)) + 1]:
            for rule in sorted(rule for rule in RULES[tier] if _status(rules.get(rule)) == "todo"):
                yield f"quality_scale.yaml: {claimed} is claimed, and {rule} ({tier}) is to do"


def _status(entry: object) -> object:
    return entry.get("status") if isinstance(entry, Mapping) else entry


def check_brand() -> Faults:
    """The images are PNG with transparency, in the sizes that the brands rule asks for."""
    for name, smallest, largest in (
        ("icon.png", 256, 256),
        ("icon@2x.png", 512, 512),
        ("logo.png", 128, 256),
        ("logo@2x.png", 256, 512),
    ):
        path = FOLDER / "brand" / name
        if not path.exists():
            yield f"brand/{name} is missing"
            continue
        head = path.read_bytes()[:33]
        if head[:8] != b"\x89PNG\r\n\x1a\n":
            yield f"brand/{name} is no PNG"
            continue
        # IHDR: width, height, bits a sample, colour type (bit 2: alpha).
        width, height, _, colours = struct.unpack_from(">IIBB", head, 16)
        if not smallest <= min(width, height) <= largest:
            yield f"brand/{name}: the shorter side has {min(width, height)} pixels"
        if name.startswith("icon") and width != height:
            yield f"brand/{name} is not square"
        if not colours & 4:
            yield f"brand/{name} has no transparency"


CHECKS: Final[Sequence[Callable[[], Faults]]] = (
    check_manifest,
    check_config_schema,
    check_hacs,
    check_dependencies,
    check_services,
    check_triggers_and_conditions,
    check_translations,
    check_icons,
    check_states,
    check_quality_scale,
    check_brand,
)

if __name__ == "__main__":
    sys.exit(main())
