"""Print the guide figures of the house beside its limits; a mirror, not a fence.

A figure passed is a reason to look at the code again, never to split what belongs together, so
this always succeeds. `python script/style_figures.py`
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final, override

ROOT: Final = Path(__file__).resolve().parents[1]
PRODUCT: Final = ROOT / "custom_components" / "mi_band"
BAND: Final = PRODUCT / "band"
# Beside their rows platforms have next to nothing.
PLATFORMS: Final = frozenset(
    {
        *("binary_sensor", "button", "device_tracker", "event", "notify", "number", "select"),
        *("sensor", "switch", "time", "update"),
    }
)
SHOWN: Final = 5

type Function = ast.FunctionDef | ast.AsyncFunctionDef
type Measure = Callable[["Module"], Iterator["Figure"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A source file."""

    path: Path
    text: str
    tree: ast.Module

    @override
    def __str__(self) -> str:
        return str(self.path.relative_to(PRODUCT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured, where, and up to what it is fine."""

    where: str
    value: int
    limit: int


def lines_of_modules(module: Module) -> Iterator[Figure]:
    """Lines in a module."""
    limit = 200 if _is_band(module) else 250
    if module.path.stem in PLATFORMS:
        limit = 400
    if module.path.stem == "config_flow":
        limit = 500
    yield Figure(where=str(module), value=len(module.text.splitlines()), limit=limit)


def lines_of_functions(module: Module) -> Iterator[Figure]:
    """Lines in a function."""
    for function in _functions(module.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        yield Figure(where=f"{module}: {function.name}", value=lines, limit=40)


def complexities(module: Module) -> Iterator[Figure]:
    """Cyclomatic complexity of a function."""
    for function in _functions(module.tree):
        value = 1 + sum(_branches(node) for node in ast.walk(function))
        yield Figure(where=f"{module}: {function.name}", value=value, limit=8)


def methods(module: Module) -> Iterator[Figure]:
    """Methods of a class."""
    for node in _classes(module.tree):
        value = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
        limit = 10 if _is_band(module) else 15
        yield Figure(where=f"{module}: {node.name}", value=value, limit=limit)


def attributes(module: Module) -> Iterator[Figure]:
    """Instance attributes of a class that is no dataclass."""
    for node in _classes(module.tree):
        names = {
            target.attr
            for target in ast.walk(node)
            if isinstance(target, ast.Attribute)
            and isinstance(target.ctx, ast.Store)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
        }
        limit = 6 if _is_band(module) else 8
        yield Figure(where=f"{module}: {node.name}", value=len(names), limit=limit)


def classes_above(module: Module) -> Iterator[Figure]:
    """Classes of ours above a class."""
    for node in _classes(module.tree):
        limit = 2 if module.path.stem == "errors" else 1
        yield Figure(where=f"{module}: {node.name}", value=_depth(node.name), limit=limit)


def escapes(module: Module) -> Iterator[Figure]:
    """`cast` and `type: ignore`; in the band `Any` as well."""
    words = r"\bcast\(|# type: ignore" + (r"|\bAny\b" if _is_band(module) else "")
    yield Figure(where=str(module), value=len(re.findall(words, module.text)), limit=0)


MEASURES: Final[Sequence[Measure]] = (
    lines_of_modules,
    lines_of_functions,
    complexities,
    methods,
    attributes,
    classes_above,
    escapes,
)


def main() -> None:
    """Print what was measured, the largest first, and mark what is beyond its limit."""
    for measure in MEASURES:
        figures = [figure for module in MODULES for figure in measure(module)]
        beyond = sum(figure.value > figure.limit for figure in figures)
        print(f"\n{measure.__doc__} {beyond} of {len(figures)} are beyond the limit.")
        figures.sort(key=lambda figure: figure.value - figure.limit, reverse=True)
        for figure in figures[: max(SHOWN, beyond)]:
            mark = "!" if figure.value > figure.limit else " "
            print(f" {mark}{figure.value:5d} of {figure.limit:3d}  {figure.where}")
    print("\nTest lines for each line of code.")
    for part, code, tests, limit in (
        ("glue", [m for m in MODULES if not _is_band(m)], ("integration", "e2e"), 1.2),
        ("band", [m for m in MODULES if _is_band(m)], ("band", "link", "vectors"), 1.5),
    ):
        lines = sum(len(module.text.splitlines()) for module in code)
        tested = sum(
            len(path.read_text(encoding="utf-8").splitlines())
            for folder in tests
            for path in (ROOT / "tests" / folder).rglob("*.py")
        )
        print(f"  {tested / max(lines, 1):5.2f} of {limit:3.1f}  {part}: {tested} for {lines}")


def _is_band(module: Module) -> bool:
    return module.path.is_relative_to(BAND)


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node


def _branches(node: ast.AST) -> int:
    match node:
        case (
            ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.ExceptHandler()
            | ast.IfExp() | ast.comprehension() | ast.match_case()
        ):  # fmt: skip
            return 1
        case ast.BoolOp(values=values):
            return len(values) - 1
        case _:
            return 0


def _depth(name: str) -> int:
    return max((1 + _depth(base) for base in BASES.get(name, ()) if base in BASES), default=0)


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(path=path, text=text, tree=ast.parse(text))


def _name(base: ast.expr) -> str:
    while isinstance(base, ast.Subscript):
        base = base.value
    return base.id if isinstance(base, ast.Name) else ""


MODULES: Final = [_read(path) for path in sorted(PRODUCT.rglob("*.py"))]
BASES: Final[Mapping[str, Sequence[str]]] = {
    node.name: [_name(base) for base in node.bases]
    for module in MODULES
    for node in _classes(module.tree)
}

if __name__ == "__main__":
    main()
