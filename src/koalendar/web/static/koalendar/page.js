// On top of pages that work without it: the month as a grid, where the focus goes, copying, sending once.
(() => {
  const $ = (css) => document.querySelector(css);
  const root = document.documentElement;
  let wanted = "", typed = false;

  // ── The month: arrows move, and only beyond its edge another month is fetched ──

  const days = () => [...document.querySelectorAll(".month [id^=d-]")];
  const stop = (day) => (day.matches("a") ? day : day.parentElement);

  function makeGrid() {
    const table = $(".month:not([role])");
    if (!table) return;
    const all = (css, role) => table.querySelectorAll(css).forEach((part) => part.setAttribute("role", role));
    table.setAttribute("role", "grid");
    all("thead, tbody", "rowgroup");
    all("tr", "row");
    all("th", "columnheader");
    all("td", "gridcell");
    for (const day of days()) {
      stop(day).tabIndex = -1;
      if (!day.matches("a")) { stop(day).setAttribute("aria-disabled", "true"); continue; }
      stop(day).parentElement.setAttribute("aria-selected", day.hasAttribute("aria-current"));
      day.removeAttribute("aria-current");
    }
    const first = table.querySelector("[aria-selected=true] > a") || table.querySelector("a") || days()[0];
    if (first) stop(first).tabIndex = 0;
  }

  function focusDay(day) {
    for (const other of days()) stop(other).tabIndex = -1;
    stop(day).tabIndex = 0;
    stop(day).focus();
  }

  function moved(iso, key, shift) {
    const date = new Date(iso + "T00:00Z");
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 };
    if (key in steps) date.setUTCDate(date.getUTCDate() + steps[key]);
    else {
      const day = date.getUTCDate();
      date.setUTCDate(1);
      date.setUTCMonth(date.getUTCMonth() + (key === "PageDown" ? 1 : -1));
      const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
      date.setUTCDate(Math.min(day, last));
    }
    return date.toISOString().slice(0, 10);
  }

  function onKey(event) {
    if (event.key === "Escape" && event.target.closest("#zone")) return $("#zone-keep")?.click();
    const languages = event.key === "Escape" && event.target.closest(".languages[open]");
    if (languages) { languages.open = false; return languages.querySelector("summary").focus(); }
    const cell = event.target.closest?.(".month td");
    const day = cell?.querySelector("[id^=d-]");
    if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
    let key = event.key;
    if (getComputedStyle(cell).direction === "rtl") key = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[key] || key;
    if (key === " ") { event.preventDefault(); if (day.matches("a")) day.click(); return; }
    if (key === "Home" || key === "End") {
      const week = [...cell.parentElement.querySelectorAll("[id^=d-]")];
      event.preventDefault();
      return focusDay(week.at(key === "Home" ? 0 : -1));
    }
    if (!/^(Arrow|Page)/.test(key)) return;
    event.preventDefault();
    const iso = moved(day.id.slice(2), key);
    const target = document.getElementById("d-" + iso);
    if (target) return focusDay(target);
    const turn = $(iso < day.id.slice(2) ? "#previous" : "#following");
    if (turn.hasAttribute("href") && iso.slice(0, 7) !== day.id.slice(2, 9)) { wanted = iso; turn.click(); }
  }

  // ── After a swap ──

  function settled(event) {
    const pressed = event.detail.requestConfig?.elt;
    prepare();
    if (wanted) {
      const there = document.getElementById("d-" + wanted) || days()[wanted.slice(8) > "15" ? days().length - 1 : 0];
      wanted = "";
      if (there) focusDay(there);
    } else if (pressed?.matches?.("a.day, #first-free, #next-free")) {
      const heading = $("#day-heading");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: innerWidth < 600 ? "start" : "nearest" });
    } else if (pressed?.closest?.(".zone") && !$("#zone-search")) $("#zone-change")?.focus();
    root.classList.remove("zone-wait");
  }

  // The form in the reader's own zone may come late; it must not wipe out what was typed meanwhile.
  function keepTyped(event) {
    if (!typed || !$(".details")) return;
    event.detail.shouldSwap = false;
    root.classList.remove("zone-wait");
  }

  function failed() {
    wanted = "";
    root.classList.remove("zone-wait");
    const note = $("#failed");
    if (note) note.hidden = false;
  }

  // ── Copying, and sending a form once ──

  async function copy(button) {
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = $("#say").textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  function sendOnce(event) {
    const form = event.target;
    if (!("once" in form.dataset)) return;
    if (form.dataset.once) return event.preventDefault();
    form.dataset.once = "sent";
    const button = event.submitter;
    if (!button) return;
    const before = button.textContent;
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busy) button.textContent = button.dataset.busy;
    // The page that comes back from the browser's memory may send again.
    addEventListener("pageshow", () => {
      form.dataset.once = "";
      button.removeAttribute("aria-busy");
      button.textContent = before;
    }, { once: true });
  }

  function prepare() {
    makeGrid();
    if (navigator.clipboard) document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const link = event.target.closest(".summary a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    // The foot was written for the address that the page had at first.
    const language = event.target.closest(".languages a");
    if (language) {
      const here = new URL(location);
      here.searchParams.set("language", language.lang);
      language.href = here;
    }
    if (field) { event.preventDefault(); (field.matches("fieldset") ? field.querySelector("input") : field).focus(); }
  });
  document.addEventListener("submit", sendOnce);
  document.addEventListener("input", () => { typed = true; });
  document.addEventListener("htmx:beforeSwap", keepTyped);
  document.addEventListener("htmx:afterSettle", settled);
  for (const name of ["responseError", "sendError", "timeout"]) document.addEventListener("htmx:" + name, failed);

  prepare();
  // What it fetches comes after all that the page itself needs.
  addEventListener("load", () => navigator.serviceWorker?.register("/service-worker.js"));
  $(".summary")?.focus();
  if (root.classList.contains("zone-wait") && window.htmx) {
    const tz = Intl.DateTimeFormat().resolvedOptions().timeZone;
    htmx.ajax("GET", location.pathname + location.search, { target: "#booking", swap: "outerHTML", values: { tz } });
  }
})();
