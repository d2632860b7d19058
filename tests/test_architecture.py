"""The house rules that fail a build: which way imports go, and a text for every code and key.

Everything is read as source. To import the integration here would spoil later tests: Home
Assistant puts its own client class into bleak-retry-connector when its Bluetooth is set up, and
a module imported before that keeps the other one.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
import json
from pathlib import Path
import re
import sys
from typing import override

from homeassistant.util.yaml import load_yaml_dict
import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = "custom_components.mi_band"
BAND = f"{PRODUCT}.band"
EMULATOR = "tests.emulator"
VECTORS = "tests.vectors"

# From left to right. Nothing imports to its left.
GLUE_LAYERS = (
    {"__init__"},
    {
        *("binary_sensor", "button", "device_tracker", "event", "notify", "number", "select"),
        *("sensor", "switch", "time", "update"),
        *("condition", "intent", "llm", "trigger"),
        *("backup", "calendar", "image", "display_actions", "schedule_actions", "wrist_actions"),
        "firmware_actions",
        *("config_flow", "diagnostics", "feeds", "history_actions", "repairs", "services"),
        "system_health",
    },
    {
        *("agenda", "alarm_clock", "choices", "claims", "entity", "farewell", "finding"),
        *("firmware_watch", "forms", "installer", "known_band", "measuring", "options_flow"),
        *("presence", "slot_watch"),
        *("pairing", "profile_form", "progress", "targets", "troubles"),
    },
    {"coordinator"},
    {
        *("alert_queue", "call_desk", "companions", "face_log", "keeper", "lease", "pace"),
        *("reach", "readings", "records", "snapshot", "sync", "timepiece", "timetable"),
    },
    {
        *("account", "account_answers", "account_client", "account_errors", "account_requests"),
        *("archive", "catalogue", "catalogue_client", "digest", "drawing", "extracts"),
        *("face_picture", "firmware_library", "firmware_memory", "history", "history_file"),
        *("hours", "ledger", "pictures", "salvage", "series", "signing", "sleep_log"),
        "statistics",
    },
    {
        *("account_constants", "const", "device", "firmware_constants", "options", "preferences"),
        *("transliteration", "wearer"),
    },
    {"band"},
)
BAND_TOP = {"session", "state"}
BAND_BASE = {"dial", "link", "texts", "wire"}
BAND_GROUND = {"errors", "uuids"}
PLATFORMS = (
    *("binary_sensor", "button", "calendar", "device_tracker", "event", "image", "notify"),
    *("number", "select", "sensor", "switch", "time", "update"),
)
# Where a person looks at a page that must not end in silence.
FLOW_PAGES = {f"{PRODUCT}.{name}" for name in ("config_flow", "options_flow", "repairs")}
# Home Assistant itself ends flows with these.
ABORTS_OF_CORE = {
    *("already_configured", "already_in_progress", "reauth_successful"),
    *("reconfigure_successful", "no_devices_found", "single_instance_allowed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported name; the target is a module of ours where there is one, else as written."""

    importer: str
    target: str
    name: str | None

    @override
    def __str__(self) -> str:
        what = self.target if self.name is None else f"{self.name} of {self.target}"
        return f"{self.importer} imports {what}"


def _modules(folder: str) -> dict[str, ast.Module]:
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_bytes(), filename=str(path))
    return found


PRODUCT_MODULES = _modules("custom_components/mi_band")
BAND_MODULES = {
    name: tree for name, tree in PRODUCT_MODULES.items() if f"{name}.".startswith(f"{BAND}.")
}
GLUE_MODULES = {name: tree for name, tree in PRODUCT_MODULES.items() if name not in BAND_MODULES}
TEST_MODULES = _modules("tests")
OURS = PRODUCT_MODULES.keys() | TEST_MODULES.keys()
PACKAGES = {name.rpartition(".")[0] for name in OURS}


def _imports(modules: Mapping[str, ast.Module]) -> Iterator[Import]:
    """Every import, those inside functions and for type checkers included."""
    for importer, tree in modules.items():
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    yield from (_import(importer, alias.name, None) for alias in names)
                case ast.ImportFrom(module=module, names=names, level=level):
                    origin = _absolute(importer, module, level)
                    yield from (_import(importer, origin, alias.name) for alias in names)
                case _:
                    pass


def _import(importer: str, origin: str, name: str | None) -> Import:
    """Tell `from .band import auth`, which is a module, from a name inside one."""
    inner = f"{origin}.{name}"
    if inner in OURS:
        return Import(importer=importer, target=inner, name=None)
    return Import(importer=importer, target=origin, name=name)


def _absolute(importer: str, module: str | None, level: int) -> str:
    if level == 0:
        return module or ""
    package = importer if importer in PACKAGES else importer.rpartition(".")[0]
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{module}" if module else package


def _is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _first_name(module: str, package: str) -> str:
    """Return what stands below the package: `band` for `custom_components.mi_band.band.auth`."""
    return module.removeprefix(package).removeprefix(".").partition(".")[0] or "__init__"


def _place(module: str) -> int:
    name = _first_name(module, PRODUCT)
    for place, layer in enumerate(GLUE_LAYERS):
        if name in layer:
            return place
    pytest.fail(f"GLUE_LAYERS does not say where {module} stands")


def _band_place(module: str) -> int:
    match _first_name(module, BAND):
        case "__init__":
            return 0
        case name if name in BAND_TOP:
            return 1
        case name if name in BAND_BASE:
            return 3
        case name if name in BAND_GROUND:
            return 4
        case _:
            return 2


def _is_type(name: str | None) -> bool:
    return name is not None and name[0].isupper() and not name.isupper()


def _wrong(found: Iterable[object]) -> str:
    return "\n".join(str(item) for item in found)


def test_the_sources_are_found() -> None:
    assert f"{BAND}.session" in BAND_MODULES
    assert f"{PRODUCT}.config_flow" in GLUE_MODULES
    assert f"{EMULATOR}.radio" in TEST_MODULES


def test_the_document_names_every_module() -> None:
    """Whoever reads it finds the place of each; the platforms have one row together."""
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`(?:band/)?(\w+)`", document)) | {*PLATFORMS, "mi_band", "band"}
    assert {name.rpartition(".")[2] for name in PRODUCT_MODULES} <= named


def test_the_glue_imports_nothing_to_its_left() -> None:
    wrong = [
        found
        for found in _imports(GLUE_MODULES)
        if _is_inside(found.target, PRODUCT) and _place(found.importer) > _place(found.target)
    ]
    assert not wrong, _wrong(wrong)


def test_the_band_imports_nothing_to_its_left() -> None:
    wrong = [
        found
        for found in _imports(BAND_MODULES)
        if _is_inside(found.target, BAND)
        and _band_place(found.importer) > _band_place(found.target)
    ]
    assert not wrong, _wrong(wrong)


def test_the_session_knows_only_authentication() -> None:
    known = {
        found.target
        for found in _imports({name: BAND_MODULES[name] for name in (f"{BAND}.session",)})
        if _is_inside(found.target, BAND) and _band_place(found.target) == 2
    }
    assert known == {f"{BAND}.auth"}


def test_a_capability_imports_another_only_for_its_types() -> None:
    wrong = [
        found
        for found in _imports(BAND_MODULES)
        if _is_inside(found.target, BAND)
        and _band_place(found.importer) == _band_place(found.target) == 2
        and not _is_type(found.name)
    ]
    assert not wrong, _wrong(wrong)


def test_the_band_could_leave_the_integration_unchanged() -> None:
    allowed = sys.stdlib_module_names | {"cryptography"}
    radio = {"bleak", "bleak_retry_connector"}
    wrong = [
        found
        for found in _imports(BAND_MODULES)
        if not (_is_inside(found.target, BAND) and found.target != BAND)
        and (root := found.target.partition(".")[0]) not in allowed
        and not (root in radio and found.importer == f"{BAND}.session")
    ]
    assert not wrong, _wrong(wrong)


def test_only_the_session_imports_bleak() -> None:
    importers = {
        found.importer
        for found in _imports(PRODUCT_MODULES)
        if found.target.partition(".")[0].startswith("bleak")
    }
    assert importers == {f"{BAND}.session"}


def test_the_emulator_knows_nothing_of_the_product() -> None:
    modules = {name: tree for name, tree in TEST_MODULES.items() if _is_inside(name, EMULATOR)}
    wrong = [
        found
        for found in _imports(modules)
        if _is_inside(found.target, "custom_components")
        # What stands elsewhere in the tests may know the product.
        or (_is_inside(found.target, "tests") and not _is_inside(found.target, EMULATOR))
    ]
    assert not wrong, _wrong(wrong)


def test_the_vectors_take_only_types_from_the_product() -> None:
    modules = {name: tree for name, tree in TEST_MODULES.items() if _is_inside(name, VECTORS)}
    wrong = [
        found
        for found in _imports(modules)
        if _is_inside(found.target, "custom_components") and not _is_type(found.name)
    ]
    assert not wrong, _wrong(wrong)


@pytest.mark.parametrize("modules", [PRODUCT_MODULES, TEST_MODULES], ids=["product", "tests"])
def test_nothing_imports_in_a_circle(modules: Mapping[str, ast.Module]) -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for found in _imports(modules):
        if found.target in graph and found.target != found.importer:
            graph[found.importer].add(found.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_only_flow_pages_catch_everything() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in PRODUCT_MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and name not in FLOW_PAGES
        and (node.type is None or {"Exception", "BaseException"} & _names(node.type))
    ]
    assert not wrong, _wrong(wrong)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


# Texts and icons

type Texts = Mapping[str, Mapping[str, Mapping[str, object]]]
TEXTS: Texts = json.loads((ROOT / "custom_components/mi_band/translations/en.json").read_bytes())
ICONS: Texts = json.loads((ROOT / "custom_components/mi_band/icons.json").read_bytes())
ACTIONS = load_yaml_dict(ROOT / "custom_components/mi_band/services.yaml")


def _error_codes() -> dict[str, str]:
    """Return the class of each `code`, for every exception of ours."""
    return {
        value: node.name
        for tree in PRODUCT_MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for value in _assigned(node, "code")
    }


def _assigned(node: ast.ClassDef, name: str) -> Iterator[str]:
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=str(value)))
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=str(value)))
            ) if target == name:
                yield value
            case _:
                pass


def _is_a(name: str, root: str) -> bool:
    bases = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for tree in PRODUCT_MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    return name == root or any(_is_a(base, root) for base in bases.get(name, ()))


def _rows() -> Iterator[tuple[str, str, bool]]:
    """Each row of each platform's table: platform, key, and whether its class has an icon."""
    for platform in PLATFORMS:
        tree = PRODUCT_MODULES.get(f"{PRODUCT}.{platform}")
        for node in ast.walk(tree) if tree else ():
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=words) if name.endswith(
                    "Description"
                ):
                    given = {word.arg: word.value for word in words}
                    match given.get("key"):
                        case ast.Constant(value=str(key)):
                            # An enumeration's is that of a sensor of which nothing is known.
                            device_class = ast.unparse(given.get("device_class", ast.Name("None")))
                            bare = device_class in {"None", "SensorDeviceClass.ENUM"}
                            yield platform, key, not bare
                        case _:
                            pytest.fail(f"a row of {platform} has no key written out")
                case _:
                    pass


def _strings(modules: Mapping[str, ast.Module]) -> set[str]:
    return {
        node.value
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _keys(tree: Texts, *path: str) -> set[str]:
    found: object = tree
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return set(found) if isinstance(found, dict) else set()


def _steps() -> set[str]:
    return {
        node.name.removeprefix("async_step_")
        for name in FLOW_PAGES & PRODUCT_MODULES.keys()
        for node in ast.walk(PRODUCT_MODULES[name])
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
    }


@pytest.mark.parametrize(("code", "error"), _error_codes().items())
def test_every_error_code_has_its_texts(code: str, error: str) -> None:
    is_met_on_pages = not any(_is_a(error, root) for root in ("HistoryError", "CatalogueError"))
    if is_met_on_pages:
        assert code in _keys(TEXTS, "config", "error")
    if _is_a(error, "BandError") or not is_met_on_pages:
        assert code in _keys(TEXTS, "exceptions")


def test_every_raised_key_has_its_text() -> None:
    """A `translation_key=` that is written out belongs to an exception, an issue or a selector."""
    known = (
        _keys(TEXTS, "exceptions")
        | _keys(TEXTS, "issues")
        | _keys(TEXTS, "selector")
        | {key for _, key, _ in _rows()}
    )
    used = {
        word.value.value
        for tree in GLUE_MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "translation_key"
        and isinstance(word.value, ast.Constant)
        and isinstance(word.value.value, str)
    }
    assert used <= known


@pytest.mark.parametrize(
    "section",
    ["config.error", "config.progress", "config.abort", "options.error", "exceptions", "issues"],
)
def test_no_text_is_left_over(section: str) -> None:
    unused = _keys(TEXTS, *section.split(".")) - _strings(PRODUCT_MODULES) - ABORTS_OF_CORE
    assert not unused


def test_every_phase_of_a_procedure_has_its_text() -> None:
    phases = {
        node.value
        for outer in ast.walk(PRODUCT_MODULES[f"{PRODUCT}.pairing"])
        if isinstance(outer, ast.Yield) and outer.value
        # A phase is yielded as its name, or in front of the operation that it names.
        for node in [outer.value, *(outer.value.elts if isinstance(outer.value, ast.Tuple) else ())]
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert phases == _keys(TEXTS, "config", "progress")


def test_every_page_has_its_text_and_the_reverse() -> None:
    texts = _keys(TEXTS, "config", "step") | _keys(TEXTS, "options", "step")
    for issue in _keys(TEXTS, "issues"):
        texts |= _keys(TEXTS, "issues", issue, "fix_flow", "step")
    shown = {
        word.value.value
        for name in FLOW_PAGES & PRODUCT_MODULES.keys()
        for node in ast.walk(PRODUCT_MODULES[name])
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "step_id"
        and isinstance(word.value, ast.Constant)
        and isinstance(word.value.value, str)
    }
    assert shown <= texts
    assert texts <= _steps()


def test_every_entity_has_its_text_and_the_reverse() -> None:
    rows = {(platform, key) for platform, key, _ in _rows()}
    texts = {
        (platform, key)
        for platform in _keys(TEXTS, "entity")
        for key in _keys(TEXTS, "entity", platform)
    }
    assert rows == texts


def test_every_entity_has_one_icon_from_its_device_class_or_from_us() -> None:
    """Home Assistant does not want an icon where the device class brings one."""
    wanted = {(platform, key) for platform, key, has_class in _rows() if not has_class}
    icons = {
        (platform, key)
        for platform in _keys(ICONS, "entity")
        for key in _keys(ICONS, "entity", platform)
    }
    assert icons == wanted


def test_every_action_is_registered_described_and_has_an_icon() -> None:
    assert ACTIONS.keys() == _keys(TEXTS, "services") == _keys(ICONS, "services")
    registering = {
        name: tree
        for name, tree in GLUE_MODULES.items()
        if _first_name(name, PRODUCT) == "services" or name.endswith("_actions")
    }
    assert ACTIONS.keys() <= _strings(registering)
