// What the host's side adds where scripts run: copying, closing menus, a word of unsaved changes.
// Every page works without it.

const say = (text) => {
  document.getElementById("say").textContent = text;
};

const showCopyButtons = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => { label.textContent = before; }, 2000);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Arrows move among the dates of a month; Tab goes through them one by one.
const dateSteps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 };
document.addEventListener("keydown", (event) => {
  if (!(event.key in dateSteps) || !event.target.matches(".dates input")) return;
  event.preventDefault();
  const days = [...document.querySelectorAll(".dates input")];
  days[days.indexOf(event.target) + dateSteps[event.key]]?.focus();
});

// A form whose changes would be lost says so, and the browser asks before leaving.
// What is marked data-look changes nothing: turning a month, looking for a zone.
let unsaved = document.querySelector("form[data-unsaved-draft]") !== null;
const touched = (control) => {
  if (!control?.closest("form[data-editor]")) return;
  unsaved ||= !control.matches("[data-look]");
  // The control may be gone from the page by now, together with its form.
  if (unsaved) for (const mark of document.querySelectorAll("form[data-editor] [data-unsaved]")) mark.hidden = false;
};
document.addEventListener("input", (event) => touched(event.target));
document.addEventListener("htmx:afterRequest", (event) => touched(event.detail.requestConfig.elt));
document.addEventListener("submit", () => { unsaved = false; });
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

// Fields that belong to a choice show when it is made; without script all of them show.
const showDetails = () => {
  for (const detail of document.querySelectorAll("fieldset[data-for]")) {
    const choice = document.querySelector(`input[name=places][value="${detail.dataset.for}"]`);
    detail.hidden = !choice?.checked;
  }
};
document.addEventListener("change", (event) => {
  if (event.target.name === "places") showDetails();
  if (event.target.closest(".these-hours")) document.getElementById("kind-hours").checked = true;
  const open = event.target.closest("li.hours")?.querySelector("input[name$=-open]");
  if (open === event.target) {
    const add = open.closest("li").querySelector("button[value^='add:']");
    const ranges = open.closest("li").querySelectorAll(".range");
    if (open.checked && ranges.length === 0) add.click();
    for (const range of ranges) range.hidden = !open.checked;
    const closed = open.closest("li").querySelector(".closed");
    if (closed) closed.hidden = open.checked;
  }
});

// Errors are met where they are told first.
document.getElementById("error-summary")?.focus();
document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
showCopyButtons(document);
showDetails();
