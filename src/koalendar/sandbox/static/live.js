// Keeps the marked regions of a page up to date without disturbing forms elsewhere on it.
const PAUSE = 1500;

async function update() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${region.dataset.live}"]`);
    const inUse = region.contains(document.activeElement) || region.querySelector("details[open]");
    if (next && !inUse && next.innerHTML !== region.innerHTML) region.replaceChildren(...next.childNodes);
  }
}

if (document.querySelector("[data-live]")) {
  setInterval(() => {
    if (!document.hidden) update().catch(() => {}); // The sandbox has stopped; the page stays as it is.
  }, PAUSE);
}
