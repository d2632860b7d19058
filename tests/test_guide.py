"""The table of docs/guide.md: what it names exists, and no chapter is left out.

That a test shows what its row says is for people to judge. Everything is read as source, for the
reason that test_architecture.py gives.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
import re

from homeassistant.util.yaml import load_yaml_dict
import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT / "custom_components/mi_band"
GUIDE = (ROOT / "docs/guide.md").read_text("utf-8")

NOT_BUILT = "not built yet"
NO_TEST = "-"
CHAPTERS = {"1", "2", "3", "4", "5", "6", "9", "10", "11", "12", "13", "14", "15"}
# Each problem of chapter 13, and each remedy of those that list some.
PROBLEMS = {
    *(f"13.{problem}.{remedy}" for problem in (1, 2, 3) for remedy in range(1, 7)),
    *("13.4", "13.5.1", "13.6.1"),
}

NAME = re.compile(r"(?:(\w+) )?`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    title: str
    here: str
    test: str

    @property
    def number(self) -> str:
        return self.title.partition(" ")[0]


def _rows(text: str) -> list[Row]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [Row(*cell) for cell in cells]


@cache
def _names() -> Mapping[str, set[str]]:
    """Return what there is, by the word that stands in front of a name in the table."""
    texts = json.loads((PRODUCT / "translations/en.json").read_bytes())
    config = texts["config"]
    return {
        "page": {
            node.name.removeprefix("async_step_")
            for file in ("config_flow.py", "options_flow.py")
            for node in ast.walk(_tree(PRODUCT / file))
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
        },
        "progress": set(config["progress"]),
        "error": {*config["error"], *texts["options"]["error"], *texts["exceptions"]},
        # These texts belong to something that exists: test_architecture.py looks after that.
        "entity": {
            f"{platform}.{key}" for platform, keys in texts["entity"].items() for key in keys
        },
        "action": set(load_yaml_dict(PRODUCT / "services.yaml")),
        "repair": set(texts["issues"]),
        "health": set(texts["system_health"]["info"]),
        "diagnostics": {
            node.value
            for node in ast.walk(_tree(PRODUCT / "diagnostics.py"))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        },
        "option": {
            key
            for section in texts["options"]["step"]["settings"]["sections"].values()
            for key in section["data"]
        },
        "readme": set(re.findall(r"(?m)^#+ (.+)$", (ROOT / "README.md").read_text("utf-8"))),
    }


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))


def _has_test(node_id: str) -> bool:
    file, *path = node_id.split("::")
    source = ROOT / "tests" / file
    if not (path and path[-1].startswith("test_") and source.is_file()):
        return False
    body: list[ast.stmt] = _tree(source).body
    for name in path:
        found = [
            node
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


def _faults(text: str) -> Iterator[str]:
    """Tell what is wrong with the table."""
    rows = _rows(text)
    numbers = [row.number for row in rows]
    for missing in sorted(CHAPTERS - {number.partition(".")[0] for number in numbers}):
        yield f"chapter {missing} is missing"
    for missing in sorted(PROBLEMS - set(numbers)):
        yield f"{missing} is missing"
    titles = [row.title for row in rows]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"{title}: is there twice"
    for row in rows:
        for fault in _faults_of(row):
            yield f"{row.title}: {fault}"


def _faults_of(row: Row) -> Iterator[str]:
    if row.here == NOT_BUILT:
        if row.test != NO_TEST:
            yield "what is not built has no test"
        return
    names = NAME.findall(row.here)
    tests = [name for _, name in NAME.findall(row.test)]
    if not names:
        yield "names nothing"
    if not tests:
        yield "names no test"
    yield from (f"there is no {kind} {name}" for kind, name in names if not _is_there(kind, name))
    yield from (f"there is no test {name}" for name in tests if not _has_test(name))


def _is_there(kind: str, name: str) -> bool:
    return name in _names().get(kind, ())


def test_what_the_table_names_is_there() -> None:
    assert not list(_faults(GUIDE))


ROW = "| 9 Again | entity `button.sync` | `test_guide.py::test_what_the_table_names_is_there` |\n"


def test_a_right_row_is_no_fault() -> None:
    assert not list(_faults(GUIDE + ROW))
    assert not list(_faults(GUIDE + f"| 9 Again | {NOT_BUILT} | {NO_TEST} |\n"))


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("entity `button.sync`", "entity `button.synch`", "there is no entity button.synch"),
        ("entity `button.sync`", "entity `sensor.sync`", "there is no entity sensor.sync"),
        ("entity `button.sync`", "page `sync`", "there is no page sync"),
        ("entity `button.sync`", "progress `sync`", "there is no progress sync"),
        ("entity `button.sync`", "error `sync`", "there is no error sync"),
        ("entity `button.sync`", "action `sing`", "there is no action sing"),
        ("entity `button.sync`", "repair `sync`", "there is no repair sync"),
        ("entity `button.sync`", "health `sync`", "there is no health sync"),
        ("entity `button.sync`", "diagnostics `sync`", "there is no diagnostics sync"),
        ("entity `button.sync`", "option `sync`", "there is no option sync"),
        ("entity `button.sync`", "readme `Sync`", "there is no readme Sync"),
        ("entity `button.sync`", "thing `sync`", "there is no thing sync"),
        ("entity `button.sync`", "`button.sync`", "there is no  button.sync"),
        ("entity `button.sync`", "a button", "names nothing"),
        ("entity `button.sync`", "not built", "names nothing"),
        ("entity `button.sync`", "Not built yet.", "names nothing"),
        ("entity `button.sync`", "", "names nothing"),
        ("entity `button.sync`", NOT_BUILT, "what is not built has no test"),
        ("table_names_is", "table_does", "there is no test test_guide.py::test_what_the_table_"),
        ("test_guide.py::", "test_guides.py::", "there is no test test_guides.py"),
        ("::test_what", "::TestWhat::test_what", "there is no test test_guide.py::TestWhat"),
        ("::test_what_the_table_names_is_there", "::Row", "there is no test test_guide.py::Row"),
        ("`test_guide.py::test_what_the_table_names_is_there`", "-", "names no test"),
    ],
)
def test_a_wrong_row_is_a_fault(right: str, wrong: str, fault: str) -> None:
    assert right in ROW
    (found,) = _faults(GUIDE + ROW.replace(right, wrong))
    assert found.startswith(f"9 Again: {fault}")


@pytest.mark.parametrize("number", sorted(CHAPTERS | PROBLEMS))
def test_a_row_that_is_missing_is_a_fault(number: str) -> None:
    rest = [
        line for line in GUIDE.splitlines() if not line.startswith((f"| {number} ", f"| {number}."))
    ]
    what = f"chapter {number}" if number in CHAPTERS else number
    assert f"{what} is missing" in list(_faults("\n".join(rest)))


def test_a_row_that_is_there_twice_is_a_fault() -> None:
    assert list(_faults(GUIDE + ROW + ROW)) == ["9 Again: is there twice"]
