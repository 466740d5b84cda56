"""What a browser without JavaScript would send of a page's form."""

from html.parser import HTMLParser
from typing import Any


class FormFields(HTMLParser):
    """Collect the successful controls of the form with the given id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.is_inside = False
        self.select: str | None = None
        self.textarea: str | None = None
        self.first_option: str | None = None
        self.fields: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.is_inside = given.get("id") == self.form_id
        if not self.is_inside:
            return
        if tag == "input" and "name" in given:
            self.take_input(given)
        elif tag == "select":
            self.select, self.first_option = given["name"], None
        elif tag == "option" and self.select:
            self.take_option(given)
        elif tag == "textarea":
            self.textarea = given["name"]
            self.fields[self.textarea] = [""]

    def take_input(self, given: dict[str, Any]) -> None:
        if given.get("type") != "checkbox" or "checked" in given:
            self.add(given["name"], given.get("value", "on"))

    def take_option(self, given: dict[str, Any]) -> None:
        if "selected" in given:
            self.fields[self.select] = [given["value"]]
        elif self.first_option is None:
            self.first_option = given["value"]
            self.fields.setdefault(self.select, [given["value"]])

    def handle_data(self, data):
        if self.textarea:
            self.fields[self.textarea][0] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self.is_inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None


def read_form(answer: Any, form_id: str = "builder") -> dict[str, list[str]]:
    """Return the fields of a form as the client would send them back."""
    fields = FormFields(form_id)
    fields.feed(answer.content.decode())
    return fields.fields
