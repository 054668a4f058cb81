// Verdicts: what the reader finds out about rides, kept in this browser and saved as a file for the lake.
const VERDICTS = ["real", "data error", "explained", "misuse"];
const { city, date } = document.documentElement.dataset;
const VERDICTS_KEY = `taxi verdicts of ${city} on ${date}`, NAME_KEY = "taxi verdicts by";
const LONGEST_NOTE = 1_000;
const judgeName = byId("judge-name"), verdictsKept = byId("verdicts-kept");
const idOf = new Map(rows.map((row) => [row, JSON.parse(row.dataset.id)]).filter(([, id]) => id !== null));
let verdicts = new Map(), isKept = true;

function readKept(key) {
  try { return localStorage.getItem(key); } catch { return null; }  // not allowed everywhere
}

function keep(key, text) {
  try { localStorage.setItem(key, text); } catch { isKept = false; }
}

// other pages of the same place write there too: what is no verdict is none
function readVerdicts() {
  let entries = null;
  try { entries = JSON.parse(readKept(VERDICTS_KEY)); } catch { /* no JSON */ }
  if (!Array.isArray(entries)) return;
  verdicts = new Map(entries.filter((one) => typeof one?.ride_id === "string" && VERDICTS.includes(one.verdict)
    && typeof one.note === "string" && typeof one.at === "string").map((one) => [one.ride_id, one]));
}

function judge(row, verdict, note) {
  const ride_id = idOf.get(row);
  if (isKept) readVerdicts();  // another tab may have judged other rides
  if (verdict) verdicts.set(ride_id, { ride_id, verdict, note, at: new Date().toISOString() });
  else verdicts.delete(ride_id);
  keep(VERDICTS_KEY, JSON.stringify([...verdicts.values()]));
  showVerdict(row);
  showKept();
}

function showVerdict(row) {
  const cell = row.lastElementChild, own = verdicts.get(idOf.get(row));
  const [choice, note] = cell.querySelectorAll("select, input");
  choice.value = own?.verdict ?? "";
  note.hidden = !own;
  if (note.value !== (own?.note ?? "")) note.value = own?.note ?? "";
  cell.dataset.v = own?.verdict ?? published.get(row);
}
const published = new Map(rows.map((row) => [row, row.lastElementChild.dataset.v ?? ""]));

function showKept() {
  const number = `${verdicts.size.toLocaleString("en")} ${verdicts.size === 1 ? "verdict" : "verdicts"}`;
  byId("judging").hidden = !verdicts.size;
  verdictsKept.textContent = isKept ? `${number}, kept in this browser` : `${number}; this browser keeps none, so save before you leave`;
}

function saveVerdicts() {
  const by = judgeName.value.trim();
  const records = [...verdicts.values()].map(({ ride_id, verdict, note, at }) =>
    JSON.stringify({ ride_id, verdict, ...(note.trim() && { note: note.trim() }), ...(by && { by }), at }));
  saveFile(`ride-verdicts-${date}.json`, "application/json", `[\n${records.join(",\n")}\n]\n`);
  verdictsKept.textContent = `ride-verdicts-${date}.json is saved: put it into the lake, beside the day's rides`;
}

function addControls(row) {
  const ride = textOf(row, "ride"), choice = document.createElement("select"), note = document.createElement("input");
  choice.add(new Option("judge", ""));
  for (const verdict of VERDICTS) choice.add(new Option(verdict));
  choice.setAttribute("aria-label", `Verdict on ride ${ride}`);
  note.setAttribute("aria-label", `Note on ride ${ride}`);
  note.placeholder = "note";
  note.maxLength = LONGEST_NOTE;
  for (const control of [choice, note]) control.addEventListener("input", () => judge(row, choice.value, note.value));
  row.lastElementChild.append(choice, note);
  showVerdict(row);
}

if (table) {
  readVerdicts();
  for (const row of rows) {
    row.lastElementChild.className = "verdict-on";
    row.lastElementChild.dataset.v = published.get(row);
    if (idOf.has(row)) addControls(row);
  }
  showKept();
  judgeName.value = readKept(NAME_KEY) ?? "";
  judgeName.addEventListener("input", () => keep(NAME_KEY, judgeName.value));
  byId("save-verdicts").addEventListener("click", saveVerdicts);
  addEventListener("storage", (event) => {
    if (event.key !== VERDICTS_KEY) return;
    verdicts = new Map();
    readVerdicts();
    for (const row of idOf.keys()) showVerdict(row);
    showKept();
  });
}
