// Everything works without this file. It adds a Copy button, dialogs in place of confirmation pages, a filter while
// typing, menus that close, and times that stay true.

document.documentElement.classList.add("js");

const live = document.createElement("div");
live.className = "visually-hidden";
live.setAttribute("aria-live", "polite");
document.body.append(live);

// An icon of the sprite that the page already uses.
function icon(name) {
  const use = document.querySelector("svg.icon use");
  if (!use) return [];
  const svg = use.ownerSVGElement.cloneNode(true);
  svg.firstElementChild.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  return [svg];
}

// Over plain http browsers offer no clipboard, but most still copy what is selected.
async function copy(code, select) {
  try {
    await navigator.clipboard.writeText(code.textContent.trim());
    return true;
  } catch {
    select();
    return document.execCommand("copy");
  }
}

// Copy and print on the one-time page.
for (const code of document.querySelectorAll("[data-copy]")) {
  const select = () => getSelection().selectAllChildren(code);
  code.addEventListener("focus", select);
  code.addEventListener("click", select);
  const label = document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  // What is no secret is copied less often: its button is quiet.
  button.className = code.dataset.copy === "quiet" ? "btn" : "btn main";
  const show = (words, name) => {
    label.textContent = words;
    button.replaceChildren(...icon(name), label);
  };
  let reset;
  button.addEventListener("click", async () => {
    const copied = await copy(code, select);
    show(copied ? "Copied" : "Press Ctrl+C", copied ? "check" : "copy");
    live.textContent = copied ? "Copied" : "Selected. Press Ctrl+C to copy.";
    clearTimeout(reset);
    reset = setTimeout(() => { show("Copy", "copy"); live.textContent = ""; }, 2000);
  });
  show("Copy", "copy");
  code.after(button);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => print());
}

// A secret must not come back with the browser's Back: the page that is put aside holds none.
addEventListener("pagehide", () => {
  for (const element of document.querySelectorAll("[data-secret]")) {
    if ("value" in element) element.value = "";
    else element.textContent = element.dataset.secret;
  }
});

// Confirmation pages open as dialogs. If anything fails, the link opens its page.
let asking = false;
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-confirm]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  // A double click asks once.
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(link.href, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form[data-confirm-form]");
    const heading = document.createElement("h2");
    heading.id = "ask-heading";
    heading.textContent = page.querySelector("h1").textContent;
    const dialog = document.createElement("dialog");
    dialog.className = "ask";
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.append(heading, document.adoptNode(form));
    document.body.append(dialog);
    const safe = dialog.querySelector("[data-safe]");
    safe.addEventListener("click", (click) => { click.preventDefault(); dialog.close(); });
    dialog.addEventListener("click", (click) => { if (click.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    dialog.showModal();
    safe.focus();
  } catch {
    location.assign(link.href);
  } finally {
    asking = false;
  }
});

// The bar under the pointer, or chosen with the arrow keys, is told beside the chart.
for (const chart of document.querySelectorAll("[data-chart]")) {
  const svg = chart.querySelector("svg");
  const bars = [...svg.querySelectorAll("g")];
  const readout = chart.querySelector("[data-chart-readout]");
  let at = bars.length;
  const show = (index) => {
    at = Math.max(0, Math.min(bars.length - 1, index));
    for (const bar of bars) bar.classList.toggle("shown", bar === bars[at]);
    readout.textContent = bars[at].querySelector("title").textContent;
  };
  svg.tabIndex = 0;
  svg.addEventListener("pointerover", (event) => {
    const bar = event.target.closest("g");
    if (bar) show(bars.indexOf(bar));
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -bars.length, End: bars.length }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at + step);
  });
}

// Menus close on Escape and on a click elsewhere.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The date field chooses its radio button.
for (const date of document.querySelectorAll("[data-chooses]")) {
  date.addEventListener("input", () => { document.getElementById(date.dataset.chooses).checked = true; });
}

// What stands in place of a table of which no row is left.
function noMatch(input) {
  const none = document.createElement("div");
  none.className = "no-match";
  none.hidden = true;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn compact";
  button.textContent = "Clear filter";
  button.addEventListener("click", () => {
    input.value = "";
    input.dispatchEvent(new Event("input"));
    input.focus();
  });
  none.append(document.createElement("p"), button);
  return none;
}

// Filtering while typing, where all rows are on this page; else Enter asks the server.
for (const input of document.querySelectorAll("input[data-filters]")) {
  const tables = [...document.querySelectorAll(input.dataset.filters)].map((table) => ({
    wrap: table.parentElement, rows: [...table.tBodies[0].rows], none: noMatch(input),
  }));
  for (const { wrap, none } of tables) wrap.after(none);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let [shown, all] = [0, 0];
    for (const { wrap, rows, none } of tables) {
      let here = 0;
      for (const row of rows) {
        const name = row.querySelector("th").textContent.toLowerCase();
        const prefix = row.querySelector(".k-prefix").textContent.toLowerCase();
        row.hidden = !(name.includes(wanted) || prefix.includes(wanted));
        if (!row.hidden) here += 1;
      }
      wrap.hidden = here === 0;
      none.hidden = here > 0;
      none.firstElementChild.textContent = `No key matches “${input.value.trim()}”.`;
      shown += here;
      all += rows.length;
    }
    live.textContent = `${shown} of ${all} keys shown`;
    const url = new URL(location.href);
    if (wanted) url.searchParams.set("q", input.value.trim());
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
  });
}

// Relative times, each minute, in the server's words.
const steps = [[60, "minute"], [24, "hour"], [7, "day"]];
function ago(seconds) {
  if (seconds < 60) return "just now";
  let number = Math.floor(seconds / 60);
  for (const [size, unit] of steps) {
    if (number < size) {
      if (unit === "day" && number === 1) return "Yesterday";
      return `${number} ${unit}${number === 1 ? "" : "s"} ago`;
    }
    number = Math.floor(number / size);
  }
  return null;
}
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (words) time.textContent = words;
  }
}, 60_000);
