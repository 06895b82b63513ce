/* The preview in a browser: follows new drafts, and changes a table without leaving the page.
   Every page works without it: what it does, links and forms do too, more slowly. */

const part = document.querySelector("[data-part]");
const status = document.querySelector("#status");
const failed = document.querySelector("#feil");
const said = document.querySelector("#sagt");
const panel = document.querySelector("#vindu");
const FIGURES = "tbody td";
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const PATCHED = new Set(["DIV", "SECTION", "FORM", "DETAILS", "FIELDSET", "UL", "TABLE", "THEAD", "TBODY", "TR"]);
const WAIT = 200; // milliseconds from a choice until it is shown, so that several are shown at once

document.documentElement.classList.add("scripted");

/* --- a part of the page is fetched again ------------------------------------------------- */

let fetching = null;
let wanted = 0; // the newest draft that concerns this page
let known = location.search; // what the part shows

/** Fetches the part for an address and puts it in; gives whether it came. */
async function refresh({ search = location.search, fresh = false, tell = null } = {}) {
  fetching?.abort();
  const own = (fetching = new AbortController());
  const before = wanted;
  part.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(part.dataset.part + search, { signal: own.signal });
    if (!response.ok) throw new Error(`${response.status}`);
    const text = await response.text();
    if (own.signal.aborted) return false;
    known = search;
    swap(text, fresh);
    if (tell) announce(tell());
    // A draft that came while another selection was fetched.
    if (wanted !== before && version() < wanted) queueMicrotask(() => refresh({ fresh: true }));
    return true;
  } catch (error) {
    if (own.signal.aborted) return false;
    show("lost", "Fikk ikke hentet siden. Det som vises, er fra før.");
    console.info(error);
    return false;
  } finally {
    if (fetching === own) {
      fetching = null;
      part.removeAttribute("aria-busy");
    }
  }
}

function swap(text, fresh) {
  const template = document.createElement("template");
  template.innerHTML = text;
  // A part that has become a page.
  if (template.content.querySelector("main")) {
    location.reload();
    return;
  }
  const before = fresh ? figures() : null;
  const draft = version();
  const kept = keep();
  for (const each of template.content.querySelectorAll("button.sign")) each.tabIndex = -1;
  patchChildren(part, template.content);
  part.querySelector("#utvalg")?.reset();
  settle();
  restore(kept);
  if (before) flash(before, draft);
  performance.mark("preview-swapped", { detail: version() });
}

/** Makes an element as another is. What is alike stays, so that little is laid out anew. */
function patch(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeName !== now.nodeName || old.id !== now.id || !PATCHED.has(old.nodeName)) {
    old.replaceWith(now);
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !now.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  patchChildren(old, now);
}

function patchChildren(old, now) {
  const [before, after] = [[...old.childNodes], [...now.childNodes]];
  if (before.length !== after.length) old.replaceChildren(...after);
  else before.forEach((each, n) => patch(each, after[n]));
}

function version() {
  return Number(part?.querySelector("[data-version]")?.dataset.version ?? 0);
}

/** What must be as it was when the part has been put in anew. */
function keep() {
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  return {
    focus: active && { id: active.id, place: placeOf(active), like: active.closest("[data-code]")?.dataset.code },
    selection: active?.type === "search" ? [active.selectionStart, active.selectionEnd] : null,
    open: new Map([...part.querySelectorAll("details[id]")].map((each) => [each.id, each.open])),
    typed: [...part.querySelectorAll("input[data-filter]")].map((each) => [each.id, each.value]),
    scrolled: [...part.querySelectorAll(".scroll, .options, .chooser")]
      .filter((each) => each.scrollTop || each.scrollLeft)
      .map((each) => [each.id, each.scrollTop, each.scrollLeft]),
    page: [scrollX, scrollY],
  };
}

function restore(kept) {
  const byId = (id) => (id ? document.getElementById(id) : null);
  for (const [id, open] of kept.open) if (byId(id)) byId(id).open = open;
  for (const [id, value] of kept.typed) {
    const input = byId(id);
    if (input && value) {
      input.value = value;
      filter(input);
    }
  }
  for (const [id, top, left] of kept.scrolled) byId(id)?.scrollTo({ top, left, behavior: "instant" });
  scrollTo({ left: kept.page[0], top: kept.page[1], behavior: "instant" });
  if (!kept.focus) return;
  const { id, place, like } = kept.focus;
  const again =
    byId(id) ??
    buttonAt(place) ??
    (like && part.querySelector(`[data-code="${like}"] a`)) ??
    (place && part.querySelector("#rulle"));
  if (!again) return;
  if (again.matches("button.sign")) rove(again);
  again.focus({ preventScroll: true });
  if (kept.selection && again.setSelectionRange) again.setSelectionRange(...kept.selection);
}

/** Tells what has happened to those who cannot see it. */
function announce(words) {
  if (said && words) said.textContent = words;
}

function settle() {
  const table = part.querySelector("table.pivot");
  if (!table) return;
  measure(table);
  const first = table.querySelector("button.sign");
  if (first) rove(first);
}

/** What is open from the start where there is room. */
function unfold() {
  if (!matchMedia("(min-width: 62rem)").matches) return;
  for (const each of part.querySelectorAll("details[data-open]")) each.open = true;
}

/** Where headers that stay in view stand: it depends on how wide those before them are. */
function measure(table) {
  let left = 0;
  const lengths = { "--top-height": table.tHead.offsetHeight };
  [...table.querySelectorAll(".corner")].forEach((corner, n) => {
    lengths[`--l${n}`] = left;
    left += corner.offsetWidth;
  });
  lengths["--stub"] = left;
  // On the part, which stays: what is as it was need not be laid out once more.
  for (const [name, length] of Object.entries(lengths)) {
    if (part.style.getPropertyValue(name) !== `${length}px`) part.style.setProperty(name, `${length}px`);
  }
}

/* --- figures and where they are ---------------------------------------------------------- */

/** The codes of a figure's row and its place in it: the same figure in another draft has the same. */
function placeOf(element) {
  const cell = element.closest?.("td");
  const row = cell?.closest("tr[data-k]");
  return row ? [row.dataset.k, cell.cellIndex - firstFigure(row)] : null;
}

function firstFigure(row) {
  return [...row.cells].findIndex((each) => each.tagName === "TD");
}

function columns() {
  return (part.querySelector("table.pivot")?.dataset.columns ?? "").split("|");
}

function rowOf(key) {
  return part.querySelector(`tr[data-k="${CSS.escape(key)}"]`);
}

function buttonAt(place) {
  if (!place) return null;
  const row = rowOf(place[0]);
  return row?.cells[firstFigure(row) + place[1]]?.querySelector("button.sign") ?? null;
}

/** By row and column what each figure says. */
function figures() {
  const names = columns();
  const found = new Map();
  for (const row of part.querySelectorAll("tr[data-k]")) {
    [...row.querySelectorAll("td")].forEach((cell, n) => {
      found.set(`${row.dataset.k}|${names[n] ?? n}`, cell.textContent);
    });
  }
  return found;
}

/** Shows which figures say something else than before. */
function flash(before, draft) {
  const names = columns();
  let count = 0;
  for (const row of part.querySelectorAll("tr[data-k]")) {
    [...row.querySelectorAll("td")].forEach((cell, n) => {
      const was = before.get(`${row.dataset.k}|${names[n] ?? n}`);
      if (was === undefined || was === cell.textContent) return;
      cell.classList.add("fresh");
      count += 1;
    });
  }
  if (!count && draft === version()) return;
  const words = count === 1 ? "1 celle her er endret" : `${count || "ingen"} celler her er endret`;
  announce(`Nytt utkast: ${words}.`);
}

/* --- a table is one stop for Tab; arrow keys go from sign to sign ------------------------- */

function rove(button) {
  for (const each of part.querySelectorAll("button.sign")) if (each !== button && each.tabIndex !== -1) each.tabIndex = -1;
  button.tabIndex = 0;
}

function step(button, [down, right]) {
  const row = button.closest("tr");
  const rows = [...row.parentElement.rows];
  let y = rows.indexOf(row);
  let x = button.closest("td").cellIndex - firstFigure(row);
  for (;;) {
    y += down;
    x += right;
    const there = rows[y];
    const cell = there && x >= 0 ? there.cells[firstFigure(there) + x] : null;
    if (!cell) return;
    const next = cell.querySelector("button.sign");
    if (next) {
      rove(next);
      next.focus();
      return;
    }
  }
}

/* --- another selection or layout ---------------------------------------------------------- */

/** Goes to an address of the same table, and puts what it says in the page. */
async function go(search, tell) {
  const came = await refresh({ search, tell: () => [tell, summary()].filter(Boolean).join(" ") });
  if (!came) return;
  const address = part.querySelector("#bord")?.dataset.address ?? "";
  history.pushState(null, "", location.pathname + (address && `?${address}`));
  known = location.search;
}

function summary() {
  const board = part.querySelector("#bord");
  if (!board) return "";
  const notice = board.querySelector(".notice.stop strong");
  return notice ? notice.textContent : `Tabellen viser ${board.dataset.cells} celler.`;
}

/** The address of what the form says now, with all codes of a variable in one parameter. */
function asked(form, changed) {
  const found = new Map();
  for (const box of form.querySelectorAll("input[type=checkbox][name^=valueCodes]")) {
    found.set(box.name, found.get(box.name) ?? []);
    if (box.checked) found.get(box.name).push(box.value);
  }
  for (const [name, value] of new FormData(form)) {
    if (!name.startsWith("valueCodes") && value) found.set(name, [value]);
  }
  if (changed?.name === "fylke" || changed?.name === "kommune") {
    found.delete(changed.name === "fylke" ? "kommune" : "fylke");
  }
  const encoded = [...found].map(([name, values]) => `${encodeURIComponent(name)}=${values.map(encodeURIComponent).join(",")}`);
  return `?${encoded.join("&")}`;
}

let waiting = 0;

function chosen(form, changed) {
  clearTimeout(waiting);
  fetching?.abort(); // what it would put in is not what is chosen now
  waiting = setTimeout(() => go(asked(form, changed)), WAIT);
}

/** Shows only the categories with all the words that are searched for, in name or code. */
function filter(input) {
  const words = folded(input.value).split(/\s+/).filter(Boolean);
  const list = document.getElementById(input.dataset.filter);
  let hits = 0;
  for (const item of list.children) {
    const text = folded(item.textContent);
    item.hidden = !words.every((word) => text.includes(word));
    hits += item.hidden ? 0 : 1;
  }
  list.closest("details").querySelector(".nothing").hidden = hits > 0;
}

function folded(text) {
  return text.toLowerCase().replaceAll("ø", "o").replaceAll("æ", "ae").normalize("NFD").replace(/\p{M}/gu, "");
}

/* --- layout: by arrow keys, and by dragging ------------------------------------------------ */

function arrow(link, key) {
  const item = link.closest("li[data-code]");
  const side = item.closest("[data-side]").dataset.side;
  const over = side === "stub" ? "ArrowRight" : "ArrowLeft";
  const wanted = { ArrowUp: "earlier", ArrowDown: "later", [over]: "over" }[key];
  const move = wanted && item.querySelector(`[data-move=${wanted}]`);
  if (move) move.click();
  return Boolean(STEPS[key]);
}

let dragged = null;

function over(event) {
  const list = event.target.closest?.("[data-side]");
  clearMarks();
  if (!dragged || !list) return null;
  event.preventDefault();
  const next = [...list.children].find((item) => {
    const box = item.getBoundingClientRect();
    return event.clientY < box.top + box.height / 2;
  });
  list.classList.add("over");
  if (next) next.classList.add("before");
  else list.classList.add("at-end");
  return { list, next };
}

function clearMarks() {
  for (const each of part.querySelectorAll(".over, .at-end, .before")) {
    if (each.matches("[data-side]")) each.classList.remove("over", "at-end");
    else if (each.matches("li")) each.classList.remove("before");
  }
}

function drop(event) {
  const place = over(event);
  clearMarks();
  if (!place) return;
  const form = dragged.closest("form");
  const { code, label } = dragged.dataset;
  if (place.next !== dragged) place.list.insertBefore(dragged, place.next ?? null);
  for (const list of form.querySelectorAll("[data-side]")) {
    form.elements[list.dataset.side].value = [...list.children].map((item) => item.dataset.code).join(",");
  }
  const at = [...place.list.children].indexOf(dragged) + 1;
  const where = place.list.dataset.side === "stub" ? "på siden" : "på toppen";
  part.querySelector(`[data-code="${code}"] a`)?.focus({ preventScroll: true });
  go(asked(form), `${label} står ${where}, som nummer ${at} av ${place.list.children.length}.`);
}

/* --- why a figure is not shown ------------------------------------------------------------ */

let opener = null;

async function why(button) {
  opener = placeOf(button);
  const address = `${button.form.getAttribute("action")}?celle=${button.value}`;
  const content = panel.querySelector("#vindu-innhold");
  panel.querySelector("#vindu-tittel").textContent = button.matches(".missing")
    ? "Hvorfor mangler tallet?"
    : "Hvorfor vises ikke tallet?";
  panel.querySelector("#vindu-celle").textContent = named(button);
  content.textContent = "Henter forklaringen …";
  panel.showModal();
  panel.querySelector("#vindu-tittel").focus();
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${response.status}`);
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    content.replaceChildren(template.content);
  } catch (error) {
    content.textContent = "Fikk ikke hentet forklaringen.";
    console.info(error);
  }
}

/** What a figure is about: the headers that it stands under. */
function named(button) {
  const row = button.closest("tr");
  const table = row.closest("table");
  const cell = button.closest("td");
  const ids = cell.getAttribute("headers")?.split(" ");
  const n = cell.cellIndex - firstFigure(row);
  const headers = ids
    ? ids.map((id) => document.getElementById(id))
    : [row.querySelector("th"), table.tHead.rows[0].querySelectorAll("th")[n]];
  return headers.map((each) => each?.querySelector(".h")?.firstChild.textContent.trim()).filter(Boolean).join(" · ");
}

/* --- copying ------------------------------------------------------------------------------ */

async function copy(link) {
  try {
    const response = await fetch(link.href);
    if (!response.ok) throw new Error(`${response.status}`);
    await navigator.clipboard.writeText(await response.text());
    announce("Tabellen er kopiert. Lim den inn i et regneark.");
    const words = link.textContent;
    link.textContent = "Kopiert ✓";
    setTimeout(() => (link.textContent = words), 2000);
  } catch {
    location.assign(link.href);
  }
}

/* --- what is pressed ----------------------------------------------------------------------- */

function listen() {
  part.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a");
    const button = event.target.closest("button.sign");
    if (button && panel) {
      event.preventDefault();
      rove(button);
      why(button);
    } else if (link?.matches("#kopier")) {
      event.preventDefault();
      copy(link);
    } else if (link?.matches("[data-swap]")) {
      event.preventDefault();
      go(new URL(link.href).search, link.dataset.said);
    }
  });
  part.addEventListener("change", (event) => {
    if (event.target.form?.id === "utvalg") chosen(event.target.form, event.target);
  });
  part.addEventListener("submit", (event) => {
    if (event.target.id !== "utvalg") return;
    event.preventDefault();
    go(asked(event.target));
  });
  part.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter]")) filter(event.target);
  });
  part.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("button.sign") && STEPS[event.key]) {
      event.preventDefault();
      step(event.target, STEPS[event.key]);
    } else if (event.target.matches("a.move") && arrow(event.target, event.key)) {
      event.preventDefault();
    } else if (event.target.matches("[data-filter]") && event.key === "Enter") {
      event.preventDefault();
    }
  });
  part.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("li[draggable]") ?? null;
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.label);
  });
  part.addEventListener("dragover", over);
  part.addEventListener("drop", (event) => {
    event.preventDefault();
    drop(event);
  });
  part.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    clearMarks();
  });
  addEventListener("popstate", () => {
    // Links to notes are steps in the history too.
    if (location.search !== known) refresh({ tell: summary });
  });
  addEventListener("resize", () => {
    const table = part.querySelector("table.pivot");
    if (table) measure(table);
  });
  panel?.addEventListener("close", () => (buttonAt(opener) ?? part.querySelector("#rulle"))?.focus());
  panel?.addEventListener("click", (event) => {
    if (event.target === panel) panel.close();
  });
}

/* --- drafts, as they come ------------------------------------------------------------------ */

function show(state, words) {
  status.dataset.state = state;
  if (status.textContent !== words) status.textContent = words;
}

function follow() {
  const events = new EventSource("/_/hendelser");
  let last = status.textContent;
  events.addEventListener("open", () => show("live", last));
  events.addEventListener("error", () => show("lost", "Mistet kontakten med forhåndsvisningen. Prøver igjen."));
  let seen = null; // the version that was told last
  events.addEventListener("draft", (event) => {
    const told = JSON.parse(event.data);
    last = told.state;
    show(told.error ? "failed" : "live", told.state);
    failed.hidden = !told.error;
    come(told, seen);
    seen = told.version;
  });
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

/** Fetches what is told to be new, if it concerns this page. */
function come(told, seen) {
  const first = seen === null;
  const changed = told.version !== (first ? version() : seen);
  if (!changed && !told.everything) return;
  if (!first && !told.error) {
    for (const frame of document.querySelectorAll("iframe[data-live]")) frame.contentWindow.location.reload();
  }
  // A page without a version of its own has nothing to compare the first word with.
  if (!part || (first && !part.querySelector("[data-version]"))) return;
  if (told.error && !("always" in part.dataset)) return;
  const own = part.dataset.table;
  if (!first && own && !told.everything && !told.tables.includes(own)) return;
  wanted = told.version;
  if (!fetching) refresh({ fresh: true });
}

if (part) {
  unfold();
  settle();
  listen();
}
follow();
