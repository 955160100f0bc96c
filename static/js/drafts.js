// Nothing typed is lost: <form data-draft="key"> saves itself to POST /drafts/ while somebody types.
// Sent are all fields of the form under their names, and draft (key), draft_url, draft_title.
// Expected: JSON {"saved": "09:11:48"}. Saving never stands in the way of anything.

const PAUSE = 1200; // ms of quiet before saving
const LEFT_OUT = ["csrfmiddlewaretoken", "draft", "draft_url", "draft_title"];
const state = new WeakMap();

function draftOf(element) {
  return element.closest?.("form[data-draft]");
}

function say(form, text) {
  const words = form.querySelector("[data-saved-text]");
  if (words && words.textContent !== text) words.textContent = text;
}

function typed(form) {
  const all = new FormData(form);
  const given = new FormData();
  for (const [name, value] of all) {
    const secret = form.elements.namedItem(name)?.type === "password";
    if (typeof value === "string" && !secret && !LEFT_OUT.includes(name)) given.append(name, value);
  }
  given.set("draft", form.dataset.draft);
  given.set("draft_url", location.pathname + location.search);
  given.set("draft_title", form.dataset.draftTitle || document.querySelector("h1")?.textContent.trim() || "");
  return given;
}

// Signing in again, in another window, brings a new token; the page takes it over from the cookie.
function tokenOf(form) {
  const field = form.elements.namedItem("csrfmiddlewaretoken");
  const fresh = document.cookie.match(/(?:^|; )(?:__Host-)?kim_csrf=([^;]+)/)?.[1];
  if (field && fresh && state.get(form)?.ended) field.value = fresh;
  return field?.value || "";
}

async function save(form, leaving = false) {
  const mine = state.get(form);
  if (!mine?.dirty || mine.sent) return;
  window.clearTimeout(mine.timer);
  mine.dirty = false;
  const token = tokenOf(form);
  try {
    const answer = await fetch(form.dataset.draftTo || "/drafts/", {
      method: "POST",
      body: new URLSearchParams(typed(form)),
      headers: { "X-CSRFToken": token, "Accept": "application/json" },
      keepalive: leaving,
      redirect: "manual",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const { saved } = await answer.json();
    mine.ended = false;
    if (!mine.dirty) say(form, `Entwurf gespeichert, ${saved} Uhr`);
  } catch (error) {
    mine.dirty = true;
    mine.ended = error.message === "401" || mine.ended;
    say(form, error.message === "401"
      ? "Entwurf nicht gespeichert: Ihre Sitzung ist beendet. Melden Sie sich in einem zweiten Fenster an, dann geht es hier weiter."
      : "Entwurf noch nicht gespeichert. KIM versucht es beim Weiterschreiben wieder.");
  }
}

function changed(event) {
  const form = draftOf(event.target);
  if (!form || event.target.type === "password") return;
  const mine = state.get(form) || { dirty: false, sent: false, timer: 0 };
  state.set(form, mine);
  mine.dirty = true;
  mine.sent = false;
  window.clearTimeout(mine.timer);
  mine.timer = window.setTimeout(() => save(form), PAUSE);
}

function everyDraft() {
  return document.querySelectorAll("form[data-draft]");
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
// After the session has ended, sending the form would lose what it holds: it waits until a save goes through again.
document.addEventListener("submit", async (event) => {
  const form = draftOf(event.target);
  const mine = form && state.get(form);
  if (!mine?.ended) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  mine.dirty = true;
  await save(form);
  if (!mine.ended) form.requestSubmit(submitter);
}, true);
// Once sent, a late save must not bring back a draft that the server has just dropped.
document.addEventListener("submit", (event) => {
  const form = draftOf(event.target);
  if (!form || event.defaultPrevented) return;
  const mine = state.get(form) || { dirty: false, timer: 0 };
  window.clearTimeout(mine.timer);
  state.set(form, { ...mine, sent: true });
});
function notSent(event) {
  const form = draftOf(event.detail.elt);
  const mine = form && state.get(form);
  if (!mine || event.detail.successful) return;
  mine.sent = false;
  mine.dirty = true;
  save(form);
}
document.addEventListener("htmx:afterRequest", notSent);
window.addEventListener("pagehide", () => everyDraft().forEach((form) => save(form, true)));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") everyDraft().forEach((form) => save(form, true));
});
