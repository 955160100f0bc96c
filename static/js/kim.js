// What every page needs: focus and announcements after a swap, refusals shown in words, printing, menus that close.

const main = () => document.getElementById("inhalt");

function focus(element) {
  if (!element) return;
  if (!element.hasAttribute("tabindex") && element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: false });
}

function announce(text) {
  const region = document.getElementById("ansage");
  if (!region || !text) return;
  region.textContent = "";
  window.setTimeout(() => { region.textContent = text.trim(); }, 60);
}

// The error summary takes the focus, its links reach the field even when it is a group.
focus(document.querySelector("[data-focus]"));
document.addEventListener("click", (event) => {
  const link = event.target.closest(".kim-errors a[href^='#']");
  if (!link) return;
  const field = document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  focus(field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea") || field);
});

// htmx: where the focus goes when what held it was replaced.
let heldFocus = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  heldFocus = target && target.contains(document.activeElement) ? document.activeElement.id || "?" : null;
});

document.addEventListener("htmx:afterSettle", (event) => {
  const swapped = event.detail.elt;
  const wanted = swapped.matches?.("[data-focus]") ? swapped : swapped.querySelector?.("[data-focus]");
  if (wanted) focus(wanted);
  else if (heldFocus) {
    const again = heldFocus !== "?" && document.getElementById(heldFocus);
    if (document.activeElement === document.body) focus(again || swapped);
  }
  heldFocus = null;
  const words = swapped.matches?.("[data-announce]") ? swapped : swapped.querySelector?.("[data-announce]");
  if (words) announce(words.dataset.announce || words.textContent);
});

// A refusal that is not swapped in is shown above the page, in the words of the error page.
function refuse(heading, text) {
  document.querySelector("[data-refusal]")?.remove();
  const box = document.createElement("div");
  box.className = "kim-errors kim-noprint";
  box.dataset.refusal = "";
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  const title = document.createElement("h2");
  title.textContent = heading;
  const words = document.createElement("p");
  words.className = "mb-0 mt-1";
  words.textContent = text;
  box.append(title, words);
  main().prepend(box);
  focus(box);
}

document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const text = page.querySelector("[data-error]")?.textContent.replace(/\s+/g, " ").trim();
  refuse(page.querySelector("h1")?.textContent.trim() || "Das ging nicht", text || "Bitte laden Sie die Seite neu und versuchen Sie es noch einmal.");
});
document.addEventListener("htmx:sendError", () => {
  refuse("Keine Verbindung", "KIM ist gerade nicht erreichbar. Ihre Eingaben stehen noch hier; bitte versuchen Sie es gleich noch einmal.");
});

// „alle auswählen“: the link works without this, but what was typed stays only with it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-check-all]");
  const boxes = link && document.getElementById(link.dataset.checkAll)?.querySelectorAll("input[type=checkbox]");
  if (!boxes) return;
  event.preventDefault();
  boxes.forEach((box) => { box.checked = true; });
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  announce(`${boxes.length} ausgewählt`);
});

// Small acts of the page itself.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-pick-all]");
  if (!all) return;
  for (const box of document.querySelectorAll(`[name="${CSS.escape(all.dataset.pickAll)}"]`)) {
    if (box.checked !== all.checked) box.click();
  }
});
// „Kopieren“: where the browser does not let us, the text is at least marked.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  field.focus();
  field.select();
  let words = "Kopiert";
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    words = "Markiert: jetzt Strg und C drücken";
  }
  button.textContent = words;
  announce(words);
});
function reveal() {
  for (const element of document.querySelectorAll("[data-with-script]")) element.hidden = false;
}
reveal();
document.addEventListener("htmx:afterSettle", reveal);

// One press for a whole table of radios: „Alle Ja“, „Alle anwesend“. `data-choose-also` is pressed along with them.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose-all]");
  if (!button) return;
  const among = document.getElementById(button.dataset.chooseIn);
  const found = among?.querySelectorAll(`input[type=radio][value="${CSS.escape(button.dataset.chooseAll)}"]`) || [];
  found.forEach((radio) => { radio.checked = true; });
  const also = document.getElementById(button.dataset.chooseAlso);
  if (also) also.checked = true;
  found[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  announce(`${found.length} ausgewählt`);
});
