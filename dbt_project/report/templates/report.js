// The page works without this: it adds stories in the picture, sorting and filtering.
"use strict";
const byId = (id) => document.getElementById(id);
const FIRST_ROWS = 50;

const table = byId("anomalies");
const rows = table ? [...table.tBodies[0].rows] : [];
const kindBoxes = [...document.querySelectorAll(".legend input")];
const find = byId("find"), more = byId("more"), shown = byId("shown");
let mostRows = FIRST_ROWS;

function isChosen(kind) {
  const box = kindBoxes.find((box) => box.value === kind);
  return !box || box.checked;
}

function showRows() {
  const words = find.value.trim().toLowerCase();
  const fitting = rows.filter((row) =>
    isChosen(row.dataset.kind) && (!words || row.textContent.toLowerCase().includes(words)));
  const visible = new Set(fitting.slice(0, mostRows));
  for (const row of rows) row.hidden = !visible.has(row);
  more.hidden = fitting.length <= mostRows;
  more.textContent = `Show all ${fitting.length.toLocaleString("en")}`;
  shown.textContent = `${visible.size.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
}

function sortBy(header) {
  const column = header.cellIndex;
  const value = (row) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.v);
  };
  const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return direction * (x < y ? -1 : x > y ? 1 : 0);
  });
  table.tBodies[0].append(...rows);
  showRows();
}

if (table) {
  for (const button of table.tHead.querySelectorAll("button"))
    button.addEventListener("click", () => sortBy(button.closest("th")));
  find.addEventListener("input", showRows);
  more.addEventListener("click", () => { mostRows = Infinity; showRows(); });
  byId("controls").hidden = false;
  showRows();
}

// The picture: the mark nearest to the pointer tells its story; arrow keys go from mark to mark.
const picture = byId("picture"), svg = byId("rides-svg"), story = byId("story");
const marks = [];
if (svg) {
  const data = JSON.parse(byId("marks").textContent);
  for (const [slug, stories] of Object.entries(data.kinds)) {
    const group = svg.querySelector(`.marks-${slug}`);
    [...group.querySelectorAll("use")].forEach((use, place) => {
      const at = { x: Number(use.getAttribute("x")), y: Number(use.getAttribute("y")) };
      marks.push({ ...at, slug, group, told: stories[place] });
    });
  }
  marks.sort((a, b) => a.x - b.x || a.y - b.y);
  const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  ring.setAttribute("r", 7);
  ring.setAttribute("class", "ring");
  let current = -1;

  const line = (text, tag = "p") => {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  };

  function tell(place) {
    current = place;
    story.hidden = place < 0;
    ring.remove();
    if (place < 0) return;
    const { x, y, slug, told } = marks[place];
    story.replaceChildren(...(told ? wholeStory(slug, ...told) : [line(data.names[slug], "strong")]));
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    svg.append(ring);
    place_story(x, y);
  }

  function wholeStory(slug, id, facts, summary, others, row) {
    const heading = document.createElement("p");
    heading.append(line(`${data.names[slug]}: `, "strong"), facts);
    const told = [heading, line(`Ride ${id}`), line(data.summaries[summary])];
    if (others) told.push(line(`${others} more of this kind at the same place.`));
    if (row) {
      const link = line("Its row in the table", "a");
      link.href = `#r${row}`;
      told.push(link);
    }
    return told;
  }

  function place_story(x, y) {
    const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
    const left = Math.min(Math.max(0, x * scale - story.offsetWidth / 2), Math.max(0, picture.clientWidth - story.offsetWidth));
    const below = y * scale + 14, above = y * scale - 14 - story.offsetHeight;
    story.style.left = `${left}px`;
    story.style.top = `${above > 0 ? above : below}px`;
  }

  function nearest(event, reach) {
    const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
    const x = (event.clientX - frame.left) / scale, y = (event.clientY - frame.top) / scale;
    let best = -1, least = (reach / scale) ** 2;
    marks.forEach((mark, place) => {
      const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
      if (distance <= least && isChosen(mark.slug)) { best = place; least = distance; }
    });
    return best;
  }

  svg.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const place = nearest(event, 10);
    if (place >= 0 && place !== current) tell(place);
  });
  svg.addEventListener("click", (event) => tell(nearest(event, 24)));
  picture.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") tell(-1); });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") tell(-1);
    if (!step || !marks.length) return;
    event.preventDefault();
    let place = current < 0 && step < 0 ? 0 : current;
    for (let tried = 0; tried < marks.length; tried += 1) {
      place = (place + step + marks.length) % marks.length;
      if (isChosen(marks[place].slug)) return tell(place);
    }
  });
}

function showKinds() {
  for (const box of kindBoxes) {
    const group = svg && svg.querySelector(`.marks-${box.value}`);
    if (group) group.style.display = box.checked ? "" : "none";
  }
  if (table) showRows();
}
for (const box of kindBoxes)
  box.addEventListener("change", () => {
    for (const same of kindBoxes) if (same.value === box.value) same.checked = box.checked;
    showKinds();
  });

// A link to a ride or to circumstances shows them, wherever they are hidden and wherever the link is.
function show(hash) {
  const target = hash && byId(hash.slice(1));
  if (!target) return;
  if (target.matches("#anomalies tr")) {
    mostRows = Infinity;
    find.value = "";
    for (const box of kindBoxes) box.checked = true;
    showKinds();
    for (const row of rows) row.classList.toggle("chosen", row === target);
  }
  if (target.matches("details")) target.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", () => show(location.hash));
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && link.hash === location.hash) show(link.hash);  // no change of the address
});
show(location.hash);
