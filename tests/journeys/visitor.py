"""A person at a browser. Everything they open is looked over: accessible, quiet, within its width, one h1, no text
of an issue in the title.

axe.min.js beside this file is axe-core 4.14.1, unchanged (MPL-2.0, axe.min.js.LICENSE). It is evaluated, not
inserted: the Content-Security-Policy forbids foreign script tags, and that is as it should be.
"""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from steering.models import Issue

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async rules => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    const where = v => v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(" | ");
    return found.violations.map(v => `${v.id}: ${v.help}: ${where(v)}`);
}"""
#: Collects what the Content-Security-Policy refused, from before the first script of the page.
WATCH_CSP = """document.addEventListener("securitypolicyviolation", e =>
    console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));"""
#: A form with errors, a step out of turn and a refusal answer 4xx on purpose; the browser notes that as an error.
ON_PURPOSE = re.compile(
    r"Failed to load resource: the server responded with a status of 4(01|03|04|09|22)"
    r"|htmx:(afterRequest|sendAbort), "  # a preview replaced by a newer one
)
IN_PUBLIC = "main, dialog[open]"


class Visitor:
    """One person with one window. Acts of a journey are methods; each leaves the page looked over."""

    def __init__(self, page: Page, user, *, script=True):
        self.page, self.user, self.script = page, user, script
        self.noise: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.noise.append(f"script: {error}"))
        page.on("response", self._answered)
        if script:
            page.add_init_script(WATCH_CSP)

    def _hear(self, message):
        if message.type == "error" and not ON_PURPOSE.search(message.text):
            self.noise.append(message.text)

    def _answered(self, response):
        if response.status >= 500:
            self.noise.append(f"{response.status} {response.url}")

    # Going about

    def open(self, path: str):
        self.page.goto(path)
        return self.look()

    def press(self, name: str, *, then: str = "", said: str = "", within: str = "main", exact=False):
        """Press the button or follow the link called `name`; wait for the words `then` on the page, or for `said` in
        the message about what was just done.
        """
        area = self.page.locator(within).first
        area.get_by_role("button", name=name, exact=exact).or_(
            area.get_by_role("link", name=name, exact=exact)
        ).first.click()
        if said:
            expect(self.page.locator("#mitteilungen")).to_contain_text(said)
        if then:
            self.reads(then)
        return self.look()

    def fill(self, **fields):
        """Type into fields by their names; a bool ticks, the label of an option chooses."""
        for name, value in fields.items():
            self._fill(self.page.locator(f"main [name={name}]:not([type=hidden])"), value)
        return self

    def _fill(self, field, value):
        kind = field.first.evaluate("e => e.type")
        if kind == "select-one":
            option = field.locator("option", has_text=str(value)).first
            field.select_option(option.get_attribute("value"))
        elif kind in {"checkbox", "radio"} and isinstance(value, bool):
            field.first.set_checked(value)
        elif kind in {"checkbox", "radio"}:
            for label in [value] if isinstance(value, str) else value:
                field.and_(self.page.get_by_label(label)).first.check()
        else:
            field.first.fill(str(value))
            field.first.blur()

    def settled(self):
        """Wait until no part of the page is being fetched."""
        if self.script:
            expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
        return self

    # Reading

    def reads(self, *texts):
        for text in texts:
            # the first of possibly several that can be seen
            expect(self.page.locator(IN_PUBLIC).get_by_text(text).locator("visible=true").first).to_be_visible()
        return self

    def does_not_read(self, *texts):
        everything = self.page.content()
        for text in texts:
            assert text not in everything, f"{self.page.url} shows „{text}“ to {self.user}"
        return self

    # Looking over

    def look(self):
        page = self.page
        page.wait_for_load_state("load")
        self.settled()
        shown = page.title()
        titles = [title for title in Issue.objects.values_list("title", flat=True) if title in shown]
        assert not titles, f"the title of {page.url} shows the text of an issue: {titles}"
        assert page.locator("h1").count() == 1, f"{page.url} has {page.locator('h1').count()} h1"
        self.fits()
        if self.script:
            self.check()
        assert not self.noise, f"{page.url}: {self.noise}"
        return self

    def fits(self):
        """No scrolling sideways."""
        wide, there = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= there, f"{self.page.url} is {wide - there} px too wide at {there} px"

    def check(self):
        """axe-core without findings."""
        page = self.page
        if not page.evaluate("Boolean(window.axe)"):
            page.evaluate(AXE)
        found = page.evaluate(RUN_AXE, RULES)
        assert not found, f"{page.url} at {page.viewport_size['width']} px:\n" + "\n".join(found)

    def picture(self, name: str):
        """A screenshot into the folder KIM_SCREENSHOTS, if somebody asked for one."""
        if folder := os.environ.get("KIM_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
        return self
