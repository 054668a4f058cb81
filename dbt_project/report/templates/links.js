// A link to a ride, an incident or circumstances shows them, wherever they are hidden and wherever the link is.
const LONGEST_NAME = 100;

function targetOf(hash) {
  let name = hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* a stray per cent sign is one */ }
  if (!name) return null;
  const cut = `${[..."ride-"].concat([...name].slice(5, 5 + LONGEST_NAME)).join("")}…`;
  return byId(name) || rows.find((row) => name.startsWith("ride-") && row.id.startsWith(cut)) || null;
}

function show(hash) {
  const target = targetOf(hash);
  if (!target) {
    if (table && hash.startsWith("#ride-")) {
      shown.textContent = "The ride of this address is not in the table";
      byId("table-heading").scrollIntoView();
    }
    return;
  }
  if (target.matches("#anomalies tr")) {
    mostRows = Infinity;
    if (flat.isConnected && target.matches(".group")) regroup();
    showAll();
    for (const row of rows) row.classList.toggle("chosen", row === target);
  }
  if (target.matches("details")) target.open = true;
  const around = target.closest("details");
  if (around) around.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", () => show(location.hash));
document.addEventListener("click", (event) => {
  const part = event.target.closest("[data-filter], [data-day], a[href^='#']");
  if (!part) return;
  if (part.dataset.day) location.href = `report_index.html#to-${part.dataset.day}`;
  else if (part.dataset.filter && table) {
    event.preventDefault();
    filterBy(part.dataset.filter, part.dataset.value);
  } else if (part.hash && part.hash === location.hash) show(part.hash);  // no change of the address
});
show(location.hash);
