// Look at a file without leaving the page, so that the browser keeps the file chosen.
"use strict";

(() => {
  const form = document.getElementById("upload-form");
  const told = document.getElementById("upload-told");

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.value !== "preview") {
      return;
    }
    event.preventDefault();
    button.disabled = true;
    told.textContent = "Reading the file…";
    try {
      const body = new FormData(form);
      body.set("do", "preview");
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("upload-told");
      told.replaceChildren(...(fresh ? fresh.childNodes : ["The server did not understand the file."]));
    } catch {
      told.textContent = "The file could not be sent. Try again.";
    } finally {
      button.disabled = false;
    }
  });
})();
