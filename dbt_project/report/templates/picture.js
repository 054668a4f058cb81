// The picture: the mark nearest to the pointer tells its story; arrow keys go from mark to mark.
const picture = byId("picture"), svg = byId("rides-svg"), story = byId("story");
const marks = [];
if (svg && byId("marks")) {
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

  function wholeStory(slug, id, facts, why, summary, others, row) {
    const heading = document.createElement("p");
    heading.append(line(`${data.names[slug]}: `, "strong"), facts);
    const told = [heading, line(why), line(`Ride ${id}`), line(data.summaries[summary])];
    if (others) told.push(line(`${others} more of this kind at the same place.`));
    if (row) {
      const link = line("Its row in the table", "a");
      link.href = `#${encodeURIComponent(row)}`;
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
