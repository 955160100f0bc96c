// The order of an agenda by drag and drop: what the buttons of the same form do, with a pointer. The form is the one
// that is sent; where the body has to vote first (data-order="kept") dropping only arranges it.

let held = null;

function items(form) { return [...form.querySelectorAll("[data-order-item]")]; }

function arm() {
  for (const item of document.querySelectorAll("[data-order] [data-order-item]")) item.draggable = true;
}

document.addEventListener("dragstart", (event) => {
  held = event.target.closest?.("[data-order-item]") || null;
  if (!held) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  held.classList.add("kim-agenda__item--now");
});

document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-order-item]");
  if (!held || !over || over.parentElement !== held.parentElement) return;
  event.preventDefault();
  if (over === held) return;
  const box = over.getBoundingClientRect();
  if (event.clientY < box.top + box.height / 2) over.before(held);
  else over.after(held);
});

document.addEventListener("drop", (event) => { if (held) event.preventDefault(); });

document.addEventListener("dragend", () => {
  if (!held) return;
  const item = held;
  held = null;
  item.classList.remove("kim-agenda__item--now");
  const form = item.closest("[data-order]");
  const all = items(form);
  all.forEach((one, at) => {
    one.querySelector(".kim-agenda__no").lastChild.textContent = at + 1;
    for (const button of one.querySelectorAll("button[aria-label]")) {
      button.ariaLabel = button.ariaLabel.replace(/\d+$/, at + 1);
    }
  });
  const region = document.getElementById("ansage");
  if (form.dataset.order === "kept") {
    if (region) region.textContent = `Jetzt auf Platz ${all.indexOf(item) + 1} von ${all.length}, noch nicht gespeichert`;
    return;
  }
  const moved = document.createElement("input");
  moved.type = "hidden";
  moved.name = "moved";
  moved.value = item.querySelector("[name=order]").value;
  form.append(moved);
  form.requestSubmit();
});

arm();
document.addEventListener("htmx:afterSettle", arm);
