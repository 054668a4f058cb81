// The table: what is shown of it, in which order, and what is taken away as CSV or by copying.
const FIRST_ROWS = 50;
const table = byId("anomalies");
const rows = table ? [...table.querySelectorAll("tr.ride")] : [];
const groups = table ? [...table.tBodies] : [];
const groupOf = new Map(rows.map((row) => [row, row.parentNode]));
const flat = document.createElement("tbody");
const kindBoxes = [...document.querySelectorAll(".legend input")];
const find = byId("find"), more = byId("more"), shown = byId("shown");
const COLUMN = { ride: 0, kind: 1, miles: 2, minutes: 3, expected: 4, mph: 5, severity: 6, pickup: 7, area: 8, reason: 9 };
const told = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));  // without the controls
const textOf = (row, column) => row.cells[COLUMN[column]].textContent.trim();
const groupText = (row) => groupOf.get(row).querySelector("tr.group").textContent;
const selects = { severity: byId("filter-severity"), reason: byId("filter-reason"), area: byId("filter-area"), hour: byId("filter-hour") };
const valueOf = (row, name) => name === "hour" ? row.dataset.hour ?? "" : textOf(row, name);
let mostRows = FIRST_ROWS, fitting = rows;

function isChosen(kind) {
  const box = kindBoxes.find((box) => box.value === kind);
  return !box || box.checked;
}

function fits(row, words) {
  if (!isChosen(row.dataset.kind)) return false;
  for (const [name, select] of Object.entries(selects))
    if (select.value && valueOf(row, name) !== select.value) return false;
  if (!words.length) return true;
  const text = `${told.get(row)} ${groupText(row).toLowerCase()}`;
  return words.every((word) => text.includes(word));
}

function showRows() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  fitting = rows.filter((row) => fits(row, words));
  const visible = new Set(fitting.slice(0, mostRows));
  const full = new Set([...visible].map((row) => groupOf.get(row)));
  for (const row of rows) row.hidden = !visible.has(row);
  for (const group of groups) group.hidden = flat.isConnected || !full.has(group);
  more.hidden = fitting.length <= mostRows;
  more.textContent = `Show all ${fitting.length.toLocaleString("en")}`;
  shown.textContent = `${visible.size.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
}

function sortBy(header) {
  const column = header.cellIndex;
  const value = (row) => {
    const { v } = row.cells[column].dataset;
    if (v === undefined) return row.cells[column].textContent.trim().toLowerCase();
    return v === "" || Number.isNaN(Number(v)) ? v : Number(v);
  };
  const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return direction * (x < y ? -1 : x > y ? 1 : 0);
  });
  flat.append(...rows);
  table.append(flat);
  byId("regroup").hidden = false;
  showRows();
}

function regroup() {
  for (const header of table.tHead.rows[0].cells) header.removeAttribute("aria-sort");
  rows.sort((a, b) => order.get(a) - order.get(b));
  for (const row of rows) groupOf.get(row).append(row);
  flat.remove();
  byId("regroup").hidden = true;
  showRows();
}
const order = new Map(rows.map((row, place) => [row, place]));

function showAll() {
  find.value = "";
  for (const select of Object.values(selects)) select.value = "";
  for (const box of kindBoxes) box.checked = true;
  showKinds();
}

// A picture's bar, or a line of the first screen, narrows the table to what it stands for.
function filterBy(name, value) {
  showAll();
  const option = [...selects[name].options].find((option) => option.value === value);
  if (option) selects[name].value = value;
  showRows();
  if (!option) shown.textContent = `None of these rides: ${name} ${value}`;
  byId("table-heading").scrollIntoView();
  selects[name].focus({ preventScroll: true });
}

const FIELDS = ["ride_id", "anomaly_kind", "ride_dist", "ride_minutes", "expected_minutes", "mph", "severity",
  "pickup_local", "area", "likely_reason", "summary"];
const known = (text) => text === "–" ? "" : text;
const measure = (row, column) => { const v = row.cells[COLUMN[column]].dataset.v; return v === "-1" ? "" : v; };
const record = (row) => [textOf(row, "ride"), textOf(row, "kind"), measure(row, "miles"), measure(row, "minutes"),
  measure(row, "expected"), measure(row, "mph"), known(textOf(row, "severity")), measure(row, "pickup"),
  known(textOf(row, "area")), textOf(row, "reason"), groupOf.get(row).querySelector(".text").textContent.trim()];
// a spreadsheet would take such a text for a formula
const harmless = (text) => /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
const asTable = (cell, between) => [FIELDS, ...fitting.map(record)].map((line) => line.map((text) => cell(harmless(text))).join(between));

function download() {
  const lines = asTable((text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text, ",");
  saveFile(`anomalous_rides_${document.documentElement.dataset.date}.csv`, "text/csv", `\ufeff${lines.join("\r\n")}\r\n`);
}

function saveFile(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function copy() {
  const text = asTable((text) => text.replace(/\s+/g, " "), "\t").join("\n");
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not over http, and not everywhere from a file
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    copied = document.execCommand("copy");
    area.remove();
  }
  shown.textContent = copied ? `${fitting.length.toLocaleString("en")} copied` : "The browser did not allow it";
}

function fillSelects() {
  for (const [name, select] of Object.entries(selects)) {
    const counts = new Map();
    for (const row of rows) counts.set(valueOf(row, name), (counts.get(valueOf(row, name)) || 0) + 1);
    counts.delete("");
    const label = (value) => name === "hour" ? byId(`hour-${value}`)?.cells[0].textContent : value;
    const values = [...counts.keys()].filter((value) => label(value));
    if (name === "hour") values.sort((a, b) => a - b);
    if (name === "area") values.sort();
    for (const value of values) select.add(new Option(`${label(value)} (${counts.get(value).toLocaleString("en")})`, value));
    select.closest("label").hidden = values.length < 2;
    select.addEventListener("change", showRows);
  }
}

if (table) {
  for (const heading of table.tHead.querySelectorAll(".sort")) {
    // no button element: a print repeats no heading that has one
    heading.setAttribute("role", "button");
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sortBy(heading.closest("th")));
    heading.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sortBy(heading.closest("th"));
    });
  }
  find.addEventListener("input", showRows);
  more.addEventListener("click", () => { mostRows = Infinity; showRows(); });
  byId("clear").addEventListener("click", showAll);
  byId("regroup").addEventListener("click", regroup);
  byId("download").addEventListener("click", download);
  byId("copy").addEventListener("click", copy);
  fillSelects();
  byId("controls").hidden = false;
  showRows();
}
