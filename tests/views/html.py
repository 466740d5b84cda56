"""What every page's HTML must keep, looked at with the standard library."""

from collections import Counter
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta", "rect", "path", "circle", "wbr"}
FIELDS = {"input", "select", "textarea"}
UNLABELLED = {"hidden", "submit"}


class Faults(HTMLParser):
    """Collect faults: tags left open, ids used twice, fields without names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.ids: Counter[str] = Counter()
        self.fields: list[str] = []
        self.labels: set[str] = set()
        self.targets: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.look(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.look(tag, dict(attrs))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.found.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def look(self, tag, given):
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag in {"script", "style"} and "src" not in given:
            self.found.append(f"inline {tag}")
        self.found += [f"{name} attribute" for name in given if name.startswith("on")]
        if tag == "img" and "alt" not in given:
            self.found.append("image without alt")
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1:]))
        if tag in FIELDS and given.get("type") not in UNLABELLED and "aria-label" not in given:
            self.look_at_field(given)
        self.targets += [given[name] for name in ("aria-labelledby", "for") if given.get(name)]

    def look_at_field(self, given):
        if "label" not in self.open:
            self.fields.append(given.get("id", "a field without id"))


def find_faults(text: str) -> list[str]:
    """Return what is wrong with a page."""
    faults = Faults()
    faults.feed(text)
    found = list(faults.found)
    if "<html" not in text:
        return found
    found += [f"<{tag}> is never closed" for tag in faults.open]
    found += [f"id {name} stands twice" for name, n in faults.ids.items() if n > 1]
    found += [f"{name} has no label" for name in faults.fields if name not in faults.labels]
    found += [
        f"{name} is named but not there" for name in faults.targets if name not in faults.ids
    ]
    if faults.headings.count(1) != 1:
        found.append(f"{faults.headings.count(1)} headings of the first level")
    if 'lang="en"' not in text:
        found.append("no language")
    return found
