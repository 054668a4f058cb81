// A page of a day knows no other pages: it asks here for the day before or after it, or one by its name.
"use strict";
const days = [...document.querySelectorAll("tr[id^='day-']")];  // the latest first
const nameOf = (row) => row.id.slice(4);

function wanted(way, day) {
  if (way === "to") return days.find((row) => nameOf(row) === day);
  if (way === "before") return days.find((row) => nameOf(row) < day && row.querySelector("a"));
  return days.findLast((row) => nameOf(row) > day && row.querySelector("a"));
}

function go() {
  const [, way, day] = /^#(to|before|after)-(\d{8})$/.exec(location.hash) || [];
  if (!way) return;
  const row = wanted(way, day);
  const link = row && row.querySelector("a");
  if (link) return location.replace(link.href);
  const told = document.getElementById("told");
  told.textContent = way === "to" ? "That day has no page here." : `No day ${way} that one has a page here.`;
  told.hidden = false;
}
addEventListener("hashchange", go);
go();
document.addEventListener("click", (event) => {
  const part = event.target.closest("[data-day]");
  if (part) location.hash = `to-${part.dataset.day}`;
});
