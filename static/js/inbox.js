// The inbox: the bar says how many are picked, and the keys of its steps act on the picked ones as long as there are
// any. Where the pane lies beside the list, j and k open in it what one rests on.

const REST = 400; // ms: who hurries on has not read it

function show() {
  const form = document.querySelector("form[data-together]");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=pick]")];
  const picked = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest(".kim-mail__item").classList.toggle("kim-mail__item--picked", box.checked);
  const words = form.querySelector("[data-together-count]");
  if (words) words.textContent = picked ? `${picked} ausgewählt` : "Mehrere zusammen:";
  form.querySelector("[data-together-bar]")?.classList.toggle("kim-mail__bar--picked", picked > 0);
  const none = form.querySelector("[data-together-none]");
  if (none) none.hidden = !picked;
  for (const button of form.querySelectorAll("[data-together-act]")) {
    button.disabled = !picked;
    if (picked) button.dataset.key = button.dataset.togetherKey;
    else delete button.dataset.key;
  }
}

let resting = 0;
document.addEventListener("kim:moved", (event) => {
  clearTimeout(resting);
  const link = event.target;
  resting = setTimeout(() => {
    const beside = document.getElementById("lesen")?.getClientRects().length && document.getElementById("list")?.getClientRects().length;
    if (beside && link === document.activeElement && link.matches(".kim-mail__title:not([aria-current])")) link.click();
  }, REST);
});
document.addEventListener("keydown", () => clearTimeout(resting), { capture: true });

document.addEventListener("change", (event) => { if (event.target.name === "pick") show(); });
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-together-none]")) return;
  for (const box of document.querySelectorAll("form[data-together] input[name=pick]")) box.checked = false;
  show();
});
document.addEventListener("htmx:afterSettle", (event) => {
  show();
  // The pane was swapped: the list marks what is open now, and on a phone the pane stands alone.
  if (event.detail.elt.id !== "lesen" && !event.detail.elt.querySelector?.("#lesen")) return;
  document.querySelector(".kim-mail")?.classList.add("kim-mail--reading");
  document.querySelector(".kim-filter")?.classList.add("kim-filter--behind");
  for (const item of document.querySelectorAll(".kim-mail__item")) {
    const link = item.querySelector(".kim-mail__title");
    const open = link.pathname === location.pathname;
    item.classList.toggle("kim-mail__item--open", open);
    if (open) {
      item.classList.remove("kim-mail__item--new");
      item.querySelector("[data-new]")?.remove();
      link.setAttribute("aria-current", "true");
    } else link.removeAttribute("aria-current");
  }
});
show();
