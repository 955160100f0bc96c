"""What a swap leaves on the page equals a reload: the same element, cut out of both answers."""

import re
from html.parser import HTMLParser

SWAP = {"HX-Request": "true"}


def element(html: str, element_id: str) -> str:
    """The markup of the element with this id, white space and tokens made equal; "" if it is not there."""
    finder = _Finder(element_id)
    finder.feed(html)
    return _alike(finder.found)


def left_by(response) -> str:
    """The address a browser shows after the swap, or "" if it keeps its own."""
    return response.headers.get("HX-Replace-Url") or response.headers.get("HX-Push-Url") or ""


def _alike(markup: str) -> str:
    markup = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", markup)
    markup = re.sub(r"Stand: [^<]+", "", markup)  # the minute of the answer
    return re.sub(r"\s+", " ", markup).strip()


class _Finder(HTMLParser):
    VOID = frozenset({"area", "br", "circle", "col", "hr", "img", "input", "link", "meta", "path", "source", "wbr"})

    def __init__(self, element_id):
        super().__init__(convert_charrefs=False)
        self.id, self.depth, self.found = element_id, 0, ""

    def handle_starttag(self, tag, attrs):
        if self.depth or (not self.found and ("id", self.id) in attrs):
            self.found += self.get_starttag_text()
            self.depth += tag not in self.VOID

    def handle_startendtag(self, tag, attrs):
        if self.depth:
            self.found += self.get_starttag_text()

    def handle_endtag(self, tag):
        if self.depth and tag not in self.VOID:
            self.found += f"</{tag}>"
            self.depth -= 1

    def handle_data(self, data):
        self.found += data if self.depth else ""

    def handle_entityref(self, name):
        self.found += f"&{name};" if self.depth else ""

    def handle_charref(self, name):
        self.found += f"&#{name};" if self.depth else ""
