"""A watch over what Home Assistant shows: that each thing said has a text, and all of it is filled.

It looks at every page of a flow, every error that carries a text key, and every repair issue, as
they pass by in a test. What lacks its text is kept in `missing`.
"""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.config_entries import ConfigEntriesFlowManager, OptionsFlowManager
from homeassistant.data_entry_flow import FlowHandler, FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.issue_registry import IssueEntry, IssueRegistry
import pytest

DOMAIN: Final = "mi_band"
FILE: Final = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations" / "en.json"
# Texts that Home Assistant itself has, for the flows of all integrations.
_STANDARD_ABORTS: Final = {
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
    "single_instance_allowed",
}
_PLACEHOLDER: Final = re.compile(r"{(\w+)}")

type Flow = FlowHandler[Any, Any, Any]
type Page = Mapping[str, Any]


def load_texts() -> dict[str, Any]:
    """Return the English texts as they are in the file."""
    texts: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return texts


class TextWatch:
    """The texts, and what was said without one."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._texts = load_texts()

    def find(self, *path: str) -> object:
        """Return what is at a path; None if there is nothing."""
        found: object = self._texts
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def want(self, *path: str, filled_by: Iterable[str] = ()) -> None:
        """Note a text that is not there, or has a gap that nobody fills."""
        text = self.find(*path)
        if not isinstance(text, str):
            self.missing.append(".".join(path))
            return
        gaps = set(_PLACEHOLDER.findall(text)) - set(filled_by)
        self.missing.extend(f"{'.'.join(path)}: {{{gap}}}" for gap in sorted(gaps))

    def watch_page(self, part: str, page: Page) -> None:
        """Look at a page of a flow."""
        filled_by = page.get("description_placeholders") or {}
        match page["type"]:
            case FlowResultType.FORM:
                self._watch_form(part, page, filled_by)
            case FlowResultType.MENU:
                self._watch_menu(part, page, filled_by)
            case FlowResultType.SHOW_PROGRESS:
                self.want(part, "progress", page["progress_action"], filled_by=filled_by)
            case FlowResultType.ABORT if page["reason"] not in _STANDARD_ABORTS:
                self.want(part, "abort", page["reason"], filled_by=filled_by)
            case _:
                pass

    def _watch_head(self, step: tuple[str, ...], filled_by: Iterable[str]) -> None:
        heads = [head for head in ("title", "description") if self.find(*step, head)]
        if not heads:
            self.missing.append(f"{'.'.join(step)}: neither title nor description")
        for head in heads:
            self.want(*step, head, filled_by=filled_by)

    def _watch_form(self, part: str, page: Page, filled_by: Iterable[str]) -> None:
        step = (part, "step", str(page["step_id"]))
        self._watch_head(step, filled_by)
        schema = page["data_schema"]
        self._watch_fields(step, schema.schema if schema else {}, filled_by)
        for error in (page["errors"] or {}).values():
            self.want(part, "error", error, filled_by=filled_by)

    def _watch_fields(
        self, step: tuple[str, ...], fields: Mapping[Any, Any], filled_by: Iterable[str]
    ) -> None:
        for field, kind in fields.items():
            if isinstance(kind, section):
                inner = (*step, "sections", str(field))
                self.want(*inner, "name")
                self._watch_fields(inner, kind.schema.schema, filled_by)
            else:
                self.want(*step, "data", str(field), filled_by=filled_by)
                self.want(*step, "data_description", str(field), filled_by=filled_by)

    def _watch_menu(self, part: str, page: Page, filled_by: Iterable[str]) -> None:
        step = (part, "step", str(page["step_id"]))
        self._watch_head(step, filled_by)
        if isinstance(page["menu_options"], list):
            for option in page["menu_options"]:
                self.want(*step, "menu_options", option, filled_by=filled_by)

    def watch_error(self, error: HomeAssistantError) -> None:
        """Look at an error for a person."""
        if error.translation_domain == DOMAIN:
            self.want(
                "exceptions",
                str(error.translation_key),
                "message",
                filled_by=error.translation_placeholders or {},
            )

    def watch_issue(self, issue: IssueEntry) -> None:
        """Look at a repair issue."""
        path = ("issues", str(issue.translation_key))
        filled_by = issue.translation_placeholders or {}
        self.want(*path, "title", filled_by=filled_by)
        if not isinstance(self.find(*path, "fix_flow"), dict):
            self.want(*path, "description", filled_by=filled_by)


def _part_of(manager: FlowManager[Any, Any], flow: Flow) -> str | None:
    """Return the part of the texts that has a flow's pages; None for flows of others."""
    match manager:
        case ConfigEntriesFlowManager() if flow.handler == DOMAIN:
            return "config"
        case OptionsFlowManager(hass=hass):
            entry = hass.config_entries.async_get_known_entry(flow.handler)
            return "options" if entry.domain == DOMAIN else None
        case _:
            return None


def watch_texts(monkeypatch: pytest.MonkeyPatch) -> TextWatch:
    """Look at everything that Home Assistant shows of our integration from now on."""
    watch = TextWatch()
    _watch_flows(monkeypatch, watch)
    make_error = HomeAssistantError.__init__
    make_issue = IssueRegistry.async_get_or_create

    def made_error(self: HomeAssistantError, *args: object, **kwargs: Any) -> None:
        make_error(self, *args, **kwargs)
        watch.watch_error(self)

    def made_issue(self: IssueRegistry, domain: str, *args: Any, **kwargs: Any) -> IssueEntry:
        issue = make_issue(self, domain, *args, **kwargs)
        if domain == DOMAIN:
            watch.watch_issue(issue)
        return issue

    monkeypatch.setattr(HomeAssistantError, "__init__", made_error)
    monkeypatch.setattr(IssueRegistry, "async_get_or_create", made_issue)
    return watch


def _watch_flows(monkeypatch: pytest.MonkeyPatch, watch: TextWatch) -> None:
    handle_step = FlowManager._async_handle_step

    async def handled(self: FlowManager[Any, Any], flow: Flow, *args: Any) -> Page:
        first_step = flow.cur_step is None
        page: Page = await handle_step(self, flow, *args)
        # Nobody sees how a discovery ends that never got as far as a card.
        unseen = first_step and flow.source == "bluetooth"
        if not (unseen and page["type"] is FlowResultType.ABORT) and (part := _part_of(self, flow)):
            watch.watch_page(part, page)
        return page

    monkeypatch.setattr(FlowManager, "_async_handle_step", handled)
