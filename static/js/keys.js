// Lists and acts by keyboard. j/k move through [data-keys-item], x picks, / searches, ? explains, and
// [data-key="w"] is pressed by its letter. Never while typing; can be switched off in the dialog (WCAG 2.1.4).

const SWITCH = "kim.tasten";
const dialog = document.getElementById("tasten");
const box = dialog?.querySelector("[data-keys-switch]");

function isOn() {
  try {
    return localStorage.getItem(SWITCH) !== "aus";
  } catch {
    return true;
  }
}

if (box) {
  box.checked = isOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH, box.checked ? "an" : "aus");
    } catch { /* a browser that keeps nothing: the keys stay on */ }
  });
}

function typing(element) {
  return element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function items() {
  return [...document.querySelectorAll("[data-keys-item]")].filter((item) => item.getClientRects().length);
}

function move(by) {
  const all = items();
  if (!all.length) return false;
  const here = all.findIndex((item) => item.contains(document.activeElement));
  const current = here >= 0 ? here : all.findIndex((item) => item.matches("[aria-current], .kim-mail__item--open"));
  const next = all[Math.min(all.length - 1, Math.max(0, current + by))];
  const link = next.querySelector("[data-keys-open]") || next.querySelector("a");
  link.focus();
  link.dispatchEvent(new CustomEvent("kim:moved", { bubbles: true }));
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function pick() {
  const item = document.activeElement.closest("[data-keys-item]") || document.querySelector("[data-keys-item].kim-mail__item--open");
  const check = item?.querySelector("input[type=checkbox]");
  check?.click();
  return Boolean(check);
}

function search() {
  const field = document.querySelector("[data-keys-search], input[type=search]");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function press(letter) {
  const act = [...document.querySelectorAll(`[data-key="${CSS.escape(letter)}"]`)].find((element) => element.getClientRects().length);
  act?.click();
  return Boolean(act);
}

// Forms made for speed: Ctrl+Enter presses [data-save], Alt+digit goes to the row with that number, to what is chosen there.
function quick(event) {
  const form = event.target.closest?.("form") || document.querySelector("form:has([data-save])");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const save = form?.querySelector("[data-save]");
    save?.click();
    return Boolean(save);
  }
  const digit = event.altKey && !event.ctrlKey && /^Digit(\d)$/.exec(event.code)?.[1];
  const row = digit ? document.querySelector(`[data-row="${digit}"]`) : null;
  const field = row?.querySelector("input:checked") || row?.querySelector("input, select, textarea");
  field?.focus();
  field?.scrollIntoView({ block: "nearest" });
  return Boolean(field);
}

const KEYS = { j: () => move(1), k: () => move(-1), x: pick, "/": search, "?": () => { dialog?.showModal(); return Boolean(dialog); } };

document.addEventListener("keydown", (event) => {
  if (!event.isComposing && !document.querySelector("dialog[open]") && quick(event)) {
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (!isOn() || typing(event.target) || document.querySelector("dialog[open]")) return;
  const act = KEYS[event.key] || (event.key.length === 1 ? () => press(event.key) : null);
  if (act?.()) event.preventDefault();
});
for (const link of document.querySelectorAll("[data-keys-help]")) {
  link.addEventListener("click", (event) => {
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
  });
}
