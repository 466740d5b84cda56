// Add, remove and change rows without loading the page anew. The server draws every row;
// without this script the same buttons do the same things by a full page.
"use strict";

(() => {
  const form = document.getElementById("builder");
  const WAIT_MS = 600; // after the last key, before the rules are said in words again
  let waiting = 0;
  let asked = 0;

  async function ask(action, focus) {
    const number = ++asked;
    const body = new FormData(form);
    body.set("do", action);
    const answer = await fetch(window.location.href, {
      method: "POST",
      body: new URLSearchParams(body),
      credentials: "same-origin",
    });
    if (number !== asked) {
      return; // somebody typed on; a later answer is under way
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("builder");
    if (!fresh) {
      return;
    }
    if (action === "refresh" && !focus) {
      document.getElementById("told").replaceChildren(...page.getElementById("told").childNodes);
      const json = document.getElementById("json");
      if (json !== document.activeElement) {
        json.value = page.getElementById("json").value;
      }
      return;
    }
    const open = [...form.querySelectorAll("details[open]")].map((panel) => panel.id);
    form.replaceChildren(...fresh.childNodes);
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    document.getElementById(focus)?.focus({ preventScroll: true });
  }

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.value === "save") {
      return;
    }
    event.preventDefault();
    const [verb, target] = button.value.split(":");
    const parent = target ? target.replace(/\.\d+$/, "") : "";
    const focus = verb === "remove" ? `${parent}.add_rule` : button.id || "do-check";
    ask(button.value, focus);
  });

  form.addEventListener("change", (event) => {
    clearTimeout(waiting);
    ask("refresh", event.target.matches("[data-refresh]") ? event.target.id : "");
  });

  form.addEventListener("input", (event) => {
    if (event.target.id !== "json" && !event.target.matches("select, [type=checkbox]")) {
      clearTimeout(waiting);
      waiting = setTimeout(() => ask("refresh", ""), WAIT_MS);
    }
  });
})();
