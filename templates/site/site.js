/**
 * What the key-figure pages can do besides being read: search, sort, filter, compare, draw.
 *
 * The pages work without it. Every word that a reader sees comes from data- attributes, nothing is
 * stored, and nothing is fetched but files of the same release. Elements that are of no use without
 * the script are `hidden` with `data-script` in the page, and shown by it.
 */
(() => {
  "use strict";

  const MOST_HITS = 8;
  const SPACE = "\u00a0";
  const MINUS = "\u2212";
  const SIGNS = { ":": "suppressed", "..": "missing", ".": "none" };

  // ── what needs no page ─────────────────────────────────────────────────────

  /**
   * Text as it is compared: without case and accents, and the same whether it was written with ø or
   * oe, å or aa. Letters that Unicode does not take apart are named.
   */
  const fold = (text) =>
    text
      .toLowerCase()
      .replace(/[æøđŧŋ]/g, (letter) => ({ æ: "ae", ø: "o", đ: "d", ŧ: "t", ŋ: "n" })[letter])
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(/aa/g, "a")
      .replace(/oe/g, "o");

  /** The folded words of a text. */
  const wordsOf = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) || [];

  /** A figure as the pages write it: "1 234,5" or, in English, "1,234.5". */
  const format = (value, decimals, language) => {
    const [whole, part] = Math.abs(value).toFixed(decimals).split(".");
    const english = language === "en";
    const digits = whole.replace(/\B(?=(\d{3})+$)/g, english ? "," : SPACE);
    const text = part ? digits + (english ? "." : ",") + part : digits;
    return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
  };

  /** The number that a text in the language says; null for a sign. */
  const parsed = (text, language) => {
    const plain = text.trim().replaceAll(MINUS, "-").replaceAll(language === "en" ? "," : SPACE, "");
    const number = language === "en" ? plain : plain.replace(",", ".");
    return /^-?\d+(\.\d+)?$/.test(number) ? Number(number) : null;
  };

  /** Words with {names} put in. */
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /**
   * Areas with the folded words that they are found by.
   *
   * @param {[slug: string, kind: string, name: string, former: string[]][]} areas as in sok.json
   */
  const prepared = (areas) =>
    areas.map(([slug, kind, name, former = []]) => {
      const names = name.split(/ [-–] /).map((one) => wordsOf(one).join(" "));
      const number = (slug.match(/^\d+/) || [""])[0];
      const words = wordsOf(name);
      const old = former.map((text) => ({ text, words: wordsOf(text) }));
      return { slug, kind, name, number, names, words, old };
    });

  /**
   * The prepared areas that a query may mean, the likeliest first: a name or number as it is, a name
   * that begins so, a name with words that begin so, a former name or number, then anywhere. What is
   * found by a former name alone has it as `former`.
   */
  const search = (areas, query) => {
    const sought = wordsOf(query);
    const whole = sought.join(" ");
    const begin = (words) => sought.every((one) => words.some((word) => word.startsWith(one)));
    const within = (words) => sought.every((one) => words.some((word) => word.includes(one)));
    const rank = ({ number, names, words, old }) => {
      if (number === whole || names.includes(whole)) return 0;
      if (names.some((name) => name.startsWith(whole))) return 1;
      if (begin([number, ...words])) return 2;
      if (old.some((one) => begin(one.words))) return 3;
      return within(words) ? 4 : 5;
    };
    if (!whole) return [];
    return areas
      .map((area) => ({ ...area, rank: rank(area) }))
      .filter((hit) => hit.rank < 5)
      .sort((one, other) => one.rank - other.rank)
      .map((hit) => ({
        ...hit,
        former: hit.rank === 3 ? hit.old.find((one) => begin(one.words)).text : "",
      }));
  };

  /** What sorts rows by keys, numbers or texts; what has no key stays last either way. */
  const comparing = (descending) => {
    const { compare } = new Intl.Collator("nb", { numeric: true });
    const order = descending ? -1 : 1;
    return ({ key: one }, { key: other }) => {
      if (one === null || other === null) return (one === null) - (other === null);
      return order * (typeof one === "number" ? one - other : compare(one, other));
    };
  };

  globalThis.kostra = { comparing, fold, format, parsed, prepared, search };
  if (typeof document === "undefined") return;

  // ── small tools ────────────────────────────────────────────────────────────

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const language = document.documentElement.lang || "nb";
  const address = () => new URLSearchParams(location.search);

  /** A new element; children are elements or texts. */
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  const nameOf = (area) => area.name[language] || area.name.nb;

  const hiddenWords = (words) => make("span", { class: "visually-hidden" }, words);
  const liveRegion = () => make("span", { class: "visually-hidden", role: "status" });

  const fetched = new Map();
  /** The content of a JSON file, fetched once; one that failed may be tried again. */
  const read = (path) => {
    if (!fetched.has(path)) {
      const content = fetch(path).then((answer) => {
        if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
        return answer.json();
      });
      content.catch(() => fetched.delete(path));
      fetched.set(path, content);
    }
    return fetched.get(path);
  };

  const figuresOf = (base, slug) => read(`${base}${slug}/tall.json`);

  /** A sign with its own look, and its meaning for those who hear the page. */
  const signed = (sign, words) => [
    make("span", { class: `sign ${SIGNS[sign]}`, title: words }, sign),
    hiddenWords(` ${words}`),
  ];

  /** The mark before a figure that is estimated, and its meaning for those who hear it. */
  const estimated = (words) => [
    make("span", { "aria-hidden": "true", title: words.estimated }, `${words.estimatedMark} `),
    hiddenWords(`${words.estimated} `),
  ];

  // ── choosing an area ───────────────────────────────────────────────────────

  let listboxes = 0;

  /**
   * Makes an input a combobox with a list of areas (WAI-ARIA 1.2). `words` has the data- attributes
   * of the form; `leftOut` says which slugs cannot be chosen. Returns `first`, the area that Enter
   * would choose now.
   */
  const combobox = (input, words, choose, leftOut = () => []) => {
    const list = make("ul", { class: "hits", role: "listbox", id: `hits-${++listboxes}` });
    const status = liveRegion();
    const box = make("div", { class: "combobox" });
    let hits = [];
    let active = -1;

    if (input.labels[0]) list.setAttribute("aria-label", input.labels[0].textContent.trim());
    list.hidden = true;
    input.removeAttribute("list");
    for (const [key, value] of Object.entries({
      role: "combobox", autocomplete: "off", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": list.id,
    })) input.setAttribute(key, value);
    input.replaceWith(box);
    box.append(input, list, status);

    const close = () => {
      list.hidden = true;
      active = -1;
      status.textContent = "";
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };

    const point = (index) => {
      active = index;
      [...list.children].forEach((option, at) => {
        option.setAttribute("aria-selected", String(at === index));
        if (at === index) option.scrollIntoView({ block: "nearest" });
      });
      if (index < 0) input.removeAttribute("aria-activedescendant");
      else input.setAttribute("aria-activedescendant", list.children[index].id);
    };

    const take = (hit) => {
      close();
      choose(hit);
    };

    const option = ({ slug, kind, name, former }, index) => {
      const shown = make(
        "li", { class: "hit", role: "option", id: `${list.id}-${index}`, "aria-selected": "false" },
        make("span", { class: "hit-name" }, name),
        " ",
        make("span", { class: "hit-kind" }, words.getAttribute(`data-kind-${kind}`) || ""),
      );
      if (former) {
        const told = `${words.dataset.former} ${former}`;
        shown.append(" ", make("span", { class: "hit-former" }, told));
      }
      shown.dataset.slug = slug;
      return shown;
    };

    const show = () => {
      const nothing = Boolean(wordsOf(input.value).length) && !hits.length;
      list.replaceChildren(...hits.map(option));
      point(-1);
      list.hidden = !hits.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      // That nothing was found is seen as well as heard; how many were found is seen anyway.
      status.className = nothing ? "no-hits" : "visually-hidden";
      status.textContent = nothing ? words.dataset.none : "";
      if (hits.length) status.textContent = fill(words.dataset.hits, { n: hits.length });
    };

    let areas;
    const find = async () => {
      areas = areas || prepared((await read(words.dataset.index)).areas);
      const out = leftOut();
      hits = search(areas, input.value)
        .filter(({ slug }) => !out.includes(slug))
        .slice(0, MOST_HITS);
      return hits;
    };

    // A list that cannot be fetched is no list; the form still works as it does without a script.
    const update = () => find().then(show, close);

    input.addEventListener("focus", () => read(words.dataset.index).catch(() => {}), { once: true });
    input.addEventListener("input", update);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (event.key === "Enter" && active >= 0) {
        event.preventDefault();
        take(hits[active]);
      } else if (event.key in steps) {
        event.preventDefault();
        if (list.hidden) update();
        else {
          // One stop before the first option is the input itself.
          const stops = hits.length + 1;
          point(((active + 1 + steps[event.key] + stops) % stops) - 1);
        }
      }
    });
    // A press would take the focus from the input, and close the list before the click arrives.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const index = [...list.children].indexOf(event.target.closest("li"));
      if (index >= 0) take(hits[index]);
    });
    return {
      update,
      /** Chooses the likeliest area; false when there is none. Fails when the list cannot be read. */
      first: async () => {
        const [hit] = await find();
        if (hit) take(hit);
        else show();
        return Boolean(hit);
      },
    };
  };

  const searchForm = (form) => {
    const input = form.elements.q;
    const go = ({ slug }) => location.assign(`${form.dataset.base}${slug}/`);
    const box = combobox(input, form, go);
    form.addEventListener("submit", (event) => {
      if (!input.value.trim()) return;
      event.preventDefault();
      box.first().catch(() => form.submit());
    });
    const asked = address().get("q");
    if (asked) {
      input.value = asked;
      input.focus();
      box.update();
    }
  };

  // ── tables ─────────────────────────────────────────────────────────────────

  /** What a cell holds a figure in; signs are figures too. */
  const figureIn = (cell) => cell.querySelector("[data-c], [data-r]");

  /** The number in a cell as the language of the page writes it; null for a sign, or nothing. */
  const numberIn = (cell) => {
    const figure = figureIn(cell);
    return figure ? parsed(figure.textContent, language) : null;
  };

  const sortable = (table) => {
    const bodies = [...table.tBodies].map((body) => [body, [...body.rows]]);
    const heads = all("thead th[scope=col]:not([data-unsorted])", table);

    const sort = (head) => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      const column = head.cellIndex;
      const cells = bodies.flatMap(([, rows]) => rows.map((row) => row.cells[column]));
      const numeric = cells.some((cell) => cell && figureIn(cell));
      const key = (cell) => {
        if (!cell) return null;
        return numeric ? numberIn(cell) : cell.textContent.trim();
      };
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      // Always from the order of the page: rows that are equal keep it, whatever was sorted before.
      for (const [body, rows] of bodies) {
        const keyed = rows.map((row) => ({ row, key: key(row.cells[column]) }));
        body.append(...keyed.sort(comparing(descending)).map(({ row }) => row));
      }
    };

    for (const head of heads) {
      const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(head));
    }
  };

  const filter = (input) => {
    const id = input.dataset.filter;
    const table = document.getElementById(id);
    const count = document.querySelector(`[data-filter-count="${id}"]`) ||
      input.parentElement.querySelector("[data-filter-count]");
    if (!table) return;
    // Names are what is filtered; figures would match by chance.
    const text = (row) => [...row.cells]
      .filter((cell) => !figureIn(cell))
      .map((cell) => cell.textContent)
      .join(" ");
    let rows;

    const apply = () => {
      rows = rows || [...table.tBodies]
        .flatMap((body) => [...body.rows])
        .map((row) => [row, wordsOf(text(row)).join(" ")]);
      const sought = wordsOf(input.value);
      let shown = 0;
      for (const [row, words] of rows) {
        const fits = sought.every((word) => words.includes(word));
        if (row.hidden === fits) row.hidden = !fits;
        shown += fits;
      }
      if (count) count.textContent = fill(count.dataset.words, { n: shown, av: rows.length });
    };

    input.addEventListener("input", apply);
    // Browsers put back what stood in a field when a reader comes back to the page.
    if (input.value) apply();
  };

  // ── comparing ──────────────────────────────────────────────────────────────

  const compare = (form) => {
    const words = form.dataset;
    const table = document.getElementById(words.table);
    const inputs = [form.elements.a, form.elements.b];
    const status = liveRegion();
    /** The area in each field, or null. */
    const chosen = inputs.map(() => null);
    if (!table) return;
    form.append(status);

    const cell = (row, area) => {
      const made = make("td", { class: "number added" });
      const figure = area.figures[row.dataset.figure];
      const year = Number(row.dataset.year);
      const at = area.years.indexOf(year);
      // A figure that the area does not have at all is as little applicable there.
      const sign = figure && at >= 0 ? figure.signs[at] : ".";
      if (sign) {
        made.append(...signed(sign, form.getAttribute(`data-sign-${SIGNS[sign]}`) || ""));
        return made;
      }
      const text = format(figure.values[at], Number(row.dataset.decimals), language);
      const preliminary = area.preliminary.includes(year);
      if ((figure.estimated || []).includes(year)) made.append(...estimated(words));
      made.append(make("span", { class: preliminary ? "f pre" : "f" }, text));
      if (preliminary) made.append(hiddenWords(` ${words.preliminary}`));
      return made;
    };

    const column = (area, slot) => {
      const name = nameOf(area);
      const label = fill(words.remove, { name });
      const remove = make(
        "button", { type: "button", class: "remove", "aria-label": label, title: label }, "\u00d7",
      );
      remove.addEventListener("click", () => {
        put(slot, null);
        inputs[slot].focus();
        status.textContent = fill(words.removed, { name });
      });
      // Beside the area's own, where it is seen however wide the table is.
      const insert = (row, made) => all(":scope > .own, :scope > .added", row).pop().after(made);
      insert(
        table.tHead.rows[table.tHead.rows.length - 1],
        make("th", { scope: "col", class: "number added" }, name, " ", remove),
      );
      for (const row of all("tr[data-figure]", table)) insert(row, cell(row, area));
    };

    const draw = () => {
      for (const old of all(".added", table)) old.remove();
      chosen.forEach((area, slot) => area && column(area, slot));
    };

    const put = (slot, area) => {
      chosen[slot] = area;
      inputs[slot].value = area ? nameOf(area) : "";
      draw();
      const here = new URL(location.href);
      const slugs = chosen.filter(Boolean).map(({ slug }) => slug);
      here.searchParams.delete("med");
      // Slugs are letters, digits and hyphens: the comma between them may stand as it is.
      const rest = here.searchParams.toString();
      here.search = [rest, slugs.length ? `med=${slugs.join(",")}` : ""].filter(Boolean).join("&");
      history.replaceState(history.state, "", here);
    };

    const fail = () => {
      status.textContent = words.failed;
    };
    const add = (slot, slug) =>
      figuresOf(words.base, slug).then((area) => {
        put(slot, area);
        status.textContent = fill(words.added, { name: nameOf(area) });
      }).catch(fail);

    const taken = () => [words.own, ...chosen.filter(Boolean).map(({ slug }) => slug)];
    const boxes = inputs.map((input, slot) =>
      combobox(input, form, ({ slug }) => add(slot, slug), taken));
    const shownIn = (slot) => (chosen[slot] ? nameOf(chosen[slot]) : "");
    inputs.forEach((input, slot) => {
      // A field that is emptied takes its area out; one left half written says what is shown.
      input.addEventListener("change", () => {
        if (!chosen[slot]) return;
        if (input.value.trim()) input.value = shownIn(slot);
        else put(slot, null);
      });
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const slot = inputs.findIndex((input, at) => ![shownIn(at), ""].includes(input.value.trim()));
      if (slot >= 0) boxes[slot].first().catch(fail);
    });

    const shared = (address().get("med") || "").split(",")
      .filter((slug) => /^[a-z0-9-]+$/.test(slug) && slug !== words.own);
    [...new Set(shared)].slice(0, inputs.length).forEach((slug, slot) => add(slot, slug));
  };

  // ── charts ─────────────────────────────────────────────────────────────────

  const ROLES = {
    fylke: "county", kostragruppe: "group", land: "country", land_uten_oslo: "country",
  };
  const DASHES = { own: "solid", group: "dash", county: "dot", country: "longdash" };

  let library;
  /** The chart library, fetched when the first chart is asked for. */
  const plotly = (path) => {
    library = library || new Promise((done, fail) => {
      // The library writes rules into a style element of its own, which the page's policy forbids,
      // unless an element with this name says that the page has them: they stand in site.css.
      document.head.append(make("meta", { id: "plotly.js-style-global", class: "no-inline-styles" }));
      const script = make("script", { src: path });
      script.onload = () => done(globalThis.Plotly);
      script.onerror = () => {
        library = undefined;
        script.remove();
        fail(new Error(path));
      };
      document.head.append(script);
    });
    return library;
  };

  /** A colour of the style sheet as the browser works it out, whichever way it is written there. */
  const colour = (panel, name) => {
    const probe = make("span");
    probe.style.color = `var(${name})`;
    panel.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  /** Each area's figure by year; areas that do not have the figure are left out. */
  const seriesOf = (areas, id) =>
    areas.filter(({ figures }) => figures[id]).map((area, at) => ({
      area,
      name: nameOf(area),
      role: at ? ROLES[area.kind] || "county" : "own",
      points: area.years.map((year, index) => ({
        year,
        value: area.figures[id].values[index],
        sign: area.figures[id].signs[index],
        region: area.figures[id].regions[index],
        preliminary: area.preliminary.includes(year),
        estimated: (area.figures[id].estimated || []).includes(year),
      })),
    }));

  /** What Plotly draws. Hidden values are gaps: no line is drawn over them, and nothing is told. */
  const drawing = (series, { unit, decimals }, words, panel) => {
    const [ink, line, paper] = ["--ink", "--grid", "--paper"].map((name) => colour(panel, name));
    const told = (point) => {
      const marks = ["preliminary", "estimated"].filter((mark) => point[mark] && words[mark]);
      const figure = format(point.value, Number(decimals), language);
      return marks.length ? `${figure} (${marks.map((mark) => words[mark]).join(", ")})` : figure;
    };
    const years = series.flatMap(({ points }) => points.map(({ year }) => year));
    const axis = {
      fixedrange: true, linecolor: line, gridcolor: line, gridwidth: 0.5, zerolinecolor: line, automargin: true,
    };
    return {
      // What is drawn last lies on top: the area itself, which the legend has first all the same.
      data: series.map(({ name, role, points }) => {
        const own = colour(panel, `--${role}`);
        return {
          type: "scatter", mode: "lines+markers", name, connectgaps: false,
          x: points.map(({ year }) => year),
          y: points.map(({ value }) => value),
          customdata: points.map((point) => (point.value === null ? "" : told(point))),
          hovertemplate: "%{fullData.name}: %{customdata}<extra></extra>",
          line: { color: own, width: role === "own" ? 3 : 2, dash: DASHES[role] },
          marker: {
            size: 8,
            color: points.map(({ preliminary }) => (preliminary ? paper : own)),
            line: { color: own, width: 2 },
          },
        };
      }).reverse(),
      layout: {
        separators: language === "en" ? ".," : `,${SPACE}`,
        font: { family: getComputedStyle(panel).fontFamily, size: 14, color: ink },
        paper_bgcolor: paper, plot_bgcolor: paper,
        margin: { l: 8, r: 16, t: 32, b: 8 },
        hovermode: "x unified", dragmode: false,
        hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
        showlegend: true,
        legend: {
          orientation: "h", x: 0, y: -0.12, yanchor: "top", itemwidth: 48, traceorder: "reversed",
          itemclick: false, itemdoubleclick: false,
        },
        xaxis: {
          ...axis, tickvals: [...new Set(years)], tickformat: "d", showgrid: false, showline: true,
        },
        yaxis: { ...axis, rangemode: "tozero", tickformat: "," },
        annotations: [{
          text: unit, showarrow: false, xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left",
          yanchor: "bottom", yshift: 6,
        }],
      },
    };
  };

  /** What is told below a chart: years that have signs, and what hollow points and marks mean. */
  const notes = (series, words) => {
    const yearsOf = (points, has) => points.filter(has).map(({ year }) => year).join(", ");
    const told = (name, years, ...meaning) =>
      (years ? [make("li", {}, `${name} ${years}`.trim(), ...meaning)] : []);
    // All areas have the same preliminary years, as far as they have figures.
    const preliminary = new Map(series.flatMap(({ points }) =>
      points.filter((point) => point.preliminary).map((point) => [point.year, point])));
    return make(
      "ul", { class: "chart-notes" },
      ...series.flatMap(({ name, points }) => [
        ...Object.keys(SIGNS).flatMap((sign) => told(
          name, yearsOf(points, (point) => point.sign === sign), " ",
          make("span", { class: `sign ${SIGNS[sign]}` }, sign), ` ${words.signs[sign]}`,
        )),
        ...told(name, yearsOf(points, (point) => point.estimated), `: ${words.estimated}`),
      ]),
      ...told("", yearsOf([...preliminary.values()], () => true), `: ${words.preliminary}`),
    );
  };

  /** The data of a chart, in the columns of tall.csv. */
  const csv = (series, id, { title, unit }) => {
    const quoted = (field) =>
      (/[";\r\n]/.test(field) ? `"${String(field).replace(/"/g, '""')}"` : field);
    const rows = series.flatMap(({ area, name, points }) => {
      const { table, measure, codes } = area.figures[id];
      return points.map(({ year, value, sign, region, preliminary, estimated }) => [
        id, table, measure, codes.join(" "), region, name, title, unit, year,
        value === null ? "" : String(value).replace(".", ","), sign, preliminary, estimated,
        Boolean(area.synthetic),
      ]);
    });
    const head = [
      "figure", "table", "measure", "codes", "region", "region_name", "label", "unit", "year",
      "value", "sign", "preliminary", "estimated", "synthetic",
    ];
    const line = (row) => `${row.map(quoted).join(";")}\r\n`;
    return `\ufeff${[head, ...rows].map(line).join("")}`;
  };

  /** Lets the reader keep bytes made here. */
  const download = (name, content, type) => {
    const href = URL.createObjectURL(new Blob([content], { type }));
    make("a", { href, download: name }).click();
    // The browser reads them after the click has been dealt with.
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  };

  /**
   * The chart as an SVG that can stand alone: with its title, what is told below it, and the source.
   */
  const svgOf = async (drawer, { data, layout }, title, told) => {
    const [width, height] = [1000, 640];
    const heading = title.replace(/(.{50,80}) /g, "$1<br>");
    const below = {
      text: told.join("<br>"), align: "left", font: { size: 13 }, showarrow: false, xref: "paper",
      yref: "paper", x: 0, y: 0, xanchor: "left", yanchor: "top", yshift: -96,
    };
    const image = await drawer.toImage(
      {
        data,
        layout: {
          ...layout, width, height,
          title: {
            text: heading, x: 0.01, xanchor: "left", y: 0.95, yanchor: "top", font: { size: 18 },
          },
          margin: {
            ...layout.margin, t: 56 + 24 * heading.split("<br>").length, b: 104 + 18 * told.length,
          },
          annotations: [...layout.annotations, below],
        },
      },
      { format: "svg", width, height, imageDataOnly: true },
    );
    return { image, width, height };
  };

  /** An SVG as PNG; read from a data: address, since the page's policy lets no other image in. */
  const pngOf = async ({ image, width, height }) => {
    const drawn = new Image();
    drawn.src = `data:image/svg+xml,${encodeURIComponent(image)}`;
    await drawn.decode();
    const canvas = make("canvas", { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(drawn, 0, 0, 2 * width, 2 * height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };

  const chart = (button) => {
    const { chart: id, base, lib, title } = button.dataset;
    const slugs = button.dataset.areas.split(" ");
    const target = document.getElementById(button.dataset.target);
    const words = JSON.parse(button.dataset.words);
    const failed = liveRegion();
    failed.className = "failed";
    button.after(failed);

    const open = async () => {
      const [drawer, ...figures] = await Promise.all([
        plotly(lib), ...slugs.map((slug) => figuresOf(base, slug)),
      ]);
      const series = seriesOf(figures, id);
      const panel = make(
        "div", { class: "interactive-chart", role: "group", "aria-label": title, tabindex: "-1" },
      );
      const plot = make("div", { class: "plot", role: "img", "aria-label": title });
      const still = all("svg.chart", target);
      const place = still[0] || target.firstElementChild;
      place.before(panel);
      const shown = drawing(series, button.dataset, words, panel);

      const close = () => {
        drawer.purge(plot);
        panel.remove();
        for (const picture of still) picture.style.display = "";
        button.hidden = false;
        button.focus();
      };
      const name = `${slugs[0]}-${id}`;
      const told = notes(series, words);
      const below = [...[...told.children].map((line) => line.textContent), words.source || ""];
      const svg = () => svgOf(drawer, shown, title, below);
      const deeds = {
        png: async () => download(`${name}.png`, await pngOf(await svg()), "image/png"),
        svg: async () => download(`${name}.svg`, (await svg()).image, "image/svg+xml"),
        csv: () => download(`${name}.csv`, csv(series, id, button.dataset), "text/csv"),
        close,
      };
      const tools = make("div", { class: "chart-tools" });
      for (const [deed, act] of Object.entries(deeds)) {
        const tool = make("button", { type: "button", class: deed }, words[deed]);
        tool.addEventListener("click", act);
        tools.append(tool);
      }
      panel.append(plot, told, tools);
      panel.addEventListener("keydown", (event) => event.key === "Escape" && close());
      for (const picture of still) picture.style.display = "none";
      button.hidden = true;
      panel.focus();
      const how = { displayModeBar: false, responsive: true };
      await drawer.newPlot(plot, shown.data, shown.layout, how);
    };

    button.addEventListener("click", async () => {
      // A second click while the first is under way would open the chart twice.
      if (button.getAttribute("aria-busy")) return;
      button.setAttribute("aria-busy", "true");
      failed.textContent = "";
      try {
        await open();
      } catch {
        failed.textContent = words.failed;
      }
      button.removeAttribute("aria-busy");
    });
  };

  // ── the page ───────────────────────────────────────────────────────────────

  /** Does the work when the element is about to be seen: a long table takes a while to lay out. */
  const near = (element, work) => {
    const seen = (entries, watch) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      work();
    };
    new IntersectionObserver(seen, { rootMargin: "50%" }).observe(element);
  };

  // A step at a time, so that a slow device can answer its reader in between.
  const steps = [
    () => { for (const element of all("[data-script]")) element.hidden = false; },
    () => all("form.search[data-index]").forEach(searchForm),
    () => all("input[data-filter]").forEach(filter),
    () => all("form[data-compare]").forEach(compare),
    () => all("button[data-chart]").forEach(chart),
    () => { for (const button of all("button[data-print]")) button.addEventListener("click", () => print()); },
    () => { for (const table of all("table[data-sort]")) near(table, () => sortable(table)); },
  ];
  const next = () => {
    steps.shift()();
    if (steps.length) setTimeout(next);
  };
  next();
})();
