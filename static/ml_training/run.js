// Keep the page of a run up to date without touching zoom, scroll, focus or open panels.
"use strict";

(() => {
  const run = document.getElementById("run");
  const WAIT_MS = 1500; // the page may lag by three seconds at most
  const REDRAW_MS = 4000; // curves are larger than words and are fetched less often
  const AWAY_MS = 10000; // after an answer that did not come
  let seen = { version: "", n_events: -1, state: "" };
  let drawnAt = 0;

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  function tell(progress) {
    const share = document.getElementById("share");
    if (share) {
      share.value = progress.share;
    }
    for (const place of run.querySelectorAll("[data-told]")) {
      const words = progress[place.dataset.told];
      if (place.textContent !== words) {
        place.textContent = words;
      }
    }
  }

  // Put fresh copies of the parts that changed in place of the old ones.
  async function renewParts() {
    const answer = await fetch(run.dataset.page, { credentials: "same-origin" });
    if (!answer.ok) {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of run.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (fresh && fresh.innerHTML !== old.innerHTML && !old.contains(document.activeElement)) {
        const open = [...old.querySelectorAll("details[open]")].map((panel) => panel.id);
        old.className = fresh.className;
        old.replaceChildren(...fresh.childNodes);
        open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
      }
    }
    for (const old of run.querySelectorAll("[data-chart] details")) {
      const fresh = page.getElementById(old.id);
      if (fresh && !old.open) {
        old.replaceChildren(...fresh.childNodes);
      }
    }
  }

  async function renew(progress) {
    const isNews = progress.n_events !== seen.n_events || progress.state !== seen.state;
    const isFirst = seen.version === "";
    tell(progress);
    if (isNews && !isFirst) {
      await renewParts();
    }
    if (!isFirst && (isNews || Date.now() - drawnAt > REDRAW_MS)) {
      drawnAt = Date.now();
      await window.drawCharts();
    }
    seen = progress;
  }

  async function watch() {
    let isActive = run.dataset.active === "yes";
    while (isActive) {
      await pause(document.hidden ? AWAY_MS : WAIT_MS);
      try {
        const answer = await fetch(run.dataset.progress, {
          cache: "no-cache",
          credentials: "same-origin",
        });
        if (answer.status === 401 || answer.status === 403 || answer.status === 404 || answer.redirected) {
          return;
        }
        const progress = await answer.json();
        if (progress.version !== seen.version || progress.n_events !== seen.n_events) {
          await renew(progress);
        }
        isActive = progress.is_active;
      } catch {
        await pause(AWAY_MS);
      }
    }
    await renewParts();
    document.getElementById("progress")?.setAttribute("hidden", "");
    await window.drawCharts();
    run.dataset.active = "no";
  }

  watch();
})();
