"use strict";
// The page of the review app. Everything comes from this app; nothing is kept but judgements.
const $ = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=token]").content;
const WORDS = { AFib: "AFib", normal: "normal", abstained: "abstained", none: "not decided" };
const COLOURS = { AFib: "#d55e00", normal: "#005fb9", abstained: "#777", none: "#bbb" };
const page = { speed: 25, recordings: [], byKey: new Map(), chosen: null, most: 300, evidence: new Map(), windows: [], proofs: null, tileSeconds: 60, filters: {}, loading: false };

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { "x-afib-token": token, ...(options.headers || {}) } });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error((told.problems || [`the app answered ${answer.status}`]).join("; "));
  }
  return answer;
}
const asked = async (path, options) => (await ask(path, options)).json();
const floats = async (path) => new Float32Array(await (await ask(path)).arrayBuffer());
const doubles = async (path) => new Float64Array(await (await ask(path)).arrayBuffer());
const text = (node, words) => { if (node.textContent !== words) node.textContent = words; };
const made = (name, words, parent) => { const node = document.createElement(name); if (words !== undefined) node.textContent = words; if (parent) parent.append(node); return node; };
const at = () => `/api/recordings/${page.chosen.key}`;

const strip = new Strip($("strip"), {
  fetchTile: (number) => floats(`${at()}/tile/${number}?shown=${$("shown").value || "none"}`),
  onView: () => { overview(); speedShown(); inView(); lookAgain(); },
  onMeasure: measured,
  onProblem: (words) => text($("told"), words),
});

async function refresh() {
  for (;;) {
    const told = await asked(`/api/state?since=${page.recordings.length}`);
    Object.assign(page, { tileSeconds: told.tile_s, filters: told.filters, loading: told.loading });
    for (const each of told.recordings) if (!page.byKey.has(each.key)) { page.recordings.push(each); page.byKey.set(each.key, each); }
    if (told.recordings.length < 1000) {
      governed(told);
      if (told.problems.length) text($("told"), `not read: ${told.problems.slice(0, 5).join("; ")}${told.problems.length > 5 ? "; and more" : ""}`);
      break;
    }
  }
  list();
}

function governed(told) {
  const own = told.governed;
  text($("footer"), `Not for diagnostic use. Model ${own.model.slice(0, 16)} · requirements ${own.requirements.slice(0, 16)} · ${own.release}: ${own.told}`);
  $("banner").hidden = own.release === "released";
  text($("banner"), own.release === "released" ? "" : `This model is not released (${own.release}). ${own.told} ${own.speaks ? "It was started with --unreleased." : "It decides nothing."}`);
  const counts = told.agreement;
  text($("agreement"), told.judgements ? `${told.judgements} judgements kept; by the last word of each reviewer ${counts.agree} agree with the device, ${counts.disagree} do not, ${counts.abstained} where it abstained, ${counts.none} where it said nothing, ${counts.flagged} flagged.` : "No judgement kept yet.");
  if (!$("shown").options.length) for (const [name, words] of Object.entries(told.filters)) { const option = made("option", words, $("shown")); option.value = name; }
}

function matching() {
  const wanted = $("search").value.toLowerCase(), filter = $("filter").value;
  return page.recordings.filter((each) => each.record.toLowerCase().includes(wanted) && (!filter || each.word === filter || (filter === "judged" && each.is_judged) || (filter === "open" && !each.is_judged)));
}

function list() {
  const found = matching(), counts = {};
  let judged = 0;
  for (const each of page.recordings) { counts[each.word] = (counts[each.word] || 0) + 1; judged += each.is_judged; }
  const told = Object.keys(WORDS).filter((word) => counts[word]).map((word) => `${counts[word]} ${WORDS[word]}`).join(", ");
  const shown = found.length < page.recordings.length ? `; ${found.length} shown` : "";
  text($("counts"), `${page.recordings.length ? `${page.recordings.length} opened: ${told}; ${judged} judged${shown}` : "none opened"}${page.loading ? "; reading …" : ""}`);
  const place = found.indexOf(page.chosen);
  if (place >= page.most) page.most = place + 100;
  const rows = [...$("worklist").children], kept = found.slice(0, page.most);
  // Rows are changed where they stand, so that the focus stays where it is.
  kept.forEach((each, k) => {
    const row = rows[k] || $("worklist").appendChild(newRow()), [name, mark, word, seconds] = row.firstChild.children;
    row.recording = each;
    text(name, each.record);
    text(mark, each.is_judged ? "judged" : "");
    text(word, WORDS[each.word]);
    word.className = `word ${each.word}`;
    text(seconds, `${each.duration_s.toFixed(1)} s`);
    if (each === page.chosen) row.firstChild.setAttribute("aria-current", "true"); else row.firstChild.removeAttribute("aria-current");
  });
  for (const row of rows.slice(kept.length)) row.remove();
  $("more").hidden = found.length <= page.most;
}

function newRow() {
  const row = document.createElement("li"), button = made("button", undefined, row);
  button.type = "button";
  for (const name of ["name", "judged", "word", "seconds"]) made("span", "", button).className = name;
  button.addEventListener("click", () => choose(row.recording));
  return row;
}

async function upload(files) {
  if (!files.length) return;
  const body = new FormData();
  for (const each of files) body.append("files", each, each.name);
  text($("told"), `reading ${files.length === 1 ? files[0].name : `${files.length} files`} …`);
  try {
    const found = await asked("/api/recordings", { method: "POST", body });
    await refresh();
    const wrong = found.problems.slice(0, 10).join("; ");
    text($("told"), [found.opened.length ? `${found.opened.length} opened` : "", wrong && `not read: ${wrong}`].filter(Boolean).join("; "));
    if (found.opened.length) await choose(page.byKey.get(found.opened[0].key));
  } catch (error) { text($("told"), error.message); }
  $("files").value = "";
}

async function choose(each) {
  if (!each) return;
  Object.assign(page, { chosen: each, evidence: new Map(), windows: [], proofs: null, outline: null });
  list();
  $("worklist").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  $("judge").querySelectorAll("[name=verdict]").forEach((box) => { box.checked = false; });
  $("comment").value = "";
  $("opened").hidden = false;
  $("empty").hidden = true;
  text($("record-title"), `${each.record} · ${each.duration_s.toFixed(1)} s at ${+each.rate_hz.toFixed(3)} Hz`);
  text($("reasons"), "");
  describe(each);
  $("caliper").checked = strip.measuring = false;
  strip.lift();
  strip.speed = page.speed;
  strip.open(each, page.tileSeconds);
  speedShown();
  overview();
  intervals([]);
  proofs();
  const still = (work) => (found) => { if (page.chosen === each) work(found); };
  lookAgain();
  await Promise.all([
    look(),
    floats(`${at()}/outline?columns=1200`).then(still((found) => { page.outline = found; overview(); })),
    doubles(`${at()}/beats`).then(still((found) => { strip.peaks = found; strip.draw(); intervals(found); })),
    evidence(),
  ].map((work) => work.catch((error) => still(() => text($("told"), error.message))())));
}

function describe(each) {
  const said = each.decision, parts = [];
  $("decision").className = `decision ${each.word}`;
  text($("decision"), said ? (said.rhythm ? `Decided: ${said.rhythm}` : `Abstained: ${said.reason}`) : `Not decided: ${each.problem}`);
  if (said && said.probability_afib !== null) parts.push(`P(AFib) ${said.probability_afib.toFixed(3)}`);
  if (said && said.prediction_set) parts.push(`not ruled out at alpha ${said.alpha}: ${said.prediction_set.join(" or ") || "neither"} (holds for many recordings, never for one patient)`);
  if (said && said.ood_score !== null) parts.push(`strangeness ${said.ood_score.toFixed(2)}, abstains above ${said.ood_threshold.toFixed(2)}`);
  text($("numbers"), parts.join(" · "));
  $("prove").disabled = !(said && said.rhythm);
}

// Windows, proofs and judgements of the recording that is looked at.
async function look() {
  const each = page.chosen;
  if (!each) return;
  const told = await asked(`/api/recordings/${each.key}`);
  if (page.chosen !== each) return;
  Object.assign(each, { windows_decided: told.windows_decided });
  Object.assign(page, { windows: told.windows, proofs: told.proofs });
  timeline(each);
  proofs();
  $("history").replaceChildren(...told.judgements.map((one) => made("li", `${one.made_at.slice(0, 19)}Z ${one.reviewer}: ${one.verdict}${one.rhythm ? `, ${one.rhythm}` : ""}${one.comment ? ` (${one.comment})` : ""}`)));
}

function timeline(each) {
  if (!each.windows_in_all) { text($("timeline"), ""); return; }
  const counts = {};
  for (const one of page.windows) counts[one.word] = (counts[one.word] || 0) + 1;
  text($("timeline"), `Windows of 30 s, each decided as a recording of its own (${page.windows.length} of ${each.windows_in_all}): ${Object.entries(counts).map(([word, n]) => `${n} ${WORDS[word]}`).join(", ")}. They stand coloured under the whole recording above.`);
  inView();
  overview();
}

// Which windows of the recording are looked at, the first and the last.
function windowsInView(each) {
  const count = each.windows_in_all, step = count > 1 ? (each.duration_s - 30) / (count - 1) : 30;
  const clamped = (k) => Math.min(count - 1, Math.max(0, k));
  return [clamped(Math.ceil((strip.from - 30) / step)), clamped(Math.floor((strip.from + strip.seconds) / step))];
}

function inView() {
  const each = page.chosen;
  if (!each || !page.windows.length) { text($("inview"), ""); return; }
  const [first, last] = windowsInView(each);
  text($("inview"), page.windows.slice(first, Math.min(last + 1, first + 4)).map((one) => `${one.start_s.toFixed(1)} to ${one.end_s.toFixed(1)} s: ${WORDS[one.word]}${one.probability_afib === null ? "" : `, P(AFib) ${one.probability_afib.toFixed(3)}`}${one.reason ? `, ${one.reason}` : ""}`).join(" · "));
}

// The evidence of what is looked at: of the whole, or of the windows of a long recording in view.
async function evidence() {
  const each = page.chosen;
  if (!each) return;
  if (each.word === "none" && !each.is_long) { text($("reasons"), each.problem || ""); return; }
  const [first, last] = each.is_long ? windowsInView(each) : [0, 0];
  for (let k = first; k <= last && k < first + 8; k++) {
    if (page.evidence.has(k)) continue;
    page.evidence.set(k, null);
    try {
      const found = await asked(`/api/recordings/${each.key}/evidence?window=${k}`);
      if (page.chosen !== each) return;
      page.evidence.set(k, found);
      strip.evidence = [...page.evidence.values()].filter(Boolean);
      strip.draw();
    } catch (error) { if (page.chosen === each) { page.evidence.delete(k); text($("reasons"), error.message); } return; }
  }
  const found = page.evidence.get(first);
  if (found && page.chosen === each) text($("reasons"), argued(found, each));
}

function argued(found, each) {
  const most = (sign) => (found.start_s + found.heights.reduce((best, height, k) => (sign * height > sign * found.heights[best] ? k : best), 0) / found.rate_hz).toFixed(1);
  const of = each.is_long ? ` of the window from ${found.start_s.toFixed(1)} s` : "";
  if (found.empty) return `The evidence${of} is empty: no sample argues for either rhythm.`;
  return `Evidence${of} by ${found.method === "grad-cam" ? "Grad-CAM" : found.method}, the largest ${found.largest.toPrecision(2)}: orange, and above the line under the strip, argues for AFib, most near ${most(1)} s; blue, and below, for normal rhythm, most near ${most(-1)} s. It shows what the network weighed, not whether it is right.`;
}

let later = null;
function lookAgain() {
  clearTimeout(later);
  if (page.chosen) $("report").href = `${at()}/report.html?window=${page.chosen.is_long ? windowsInView(page.chosen)[0] : 0}`;
  later = setTimeout(() => { if (page.chosen && page.chosen.is_long) evidence(); }, 150);
}

function speedShown() {
  const speed = String(+strip.speed.toFixed(2)), known = [...$("speed").options].map((each) => each.value);
  $("speed").querySelector("[data-own]")?.remove();
  if (!known.includes(speed) || $("speed").value !== speed) {
    if (!["25", "50"].includes(speed)) { const own = made("option", `${speed} mm/s`, $("speed")); own.value = speed; own.dataset.own = "1"; }
    $("speed").value = speed;
  }
  $("strip").setAttribute("aria-label", `ECG strip from ${strip.from.toFixed(1)} s, ${strip.scale()}`);
}

function measured() {
  const told = strip.measured();
  if (!told) { text($("measured"), ""); return; }
  const signed = (mv) => `${mv >= 0 ? "+" : ""}${mv.toFixed(3)} mV`;
  text($("measured"), `Δt ${(1000 * told.seconds).toFixed(1)} ms${told.bpm ? ` = ${told.bpm.toFixed(1)} bpm` : ""} · pointer ${signed(told.height)} · trace ${Number.isNaN(told.trace) ? "…" : signed(told.trace)}`);
}

function overview() {
  const canvas = $("overview"), each = page.chosen, dots = devicePixelRatio || 1, width = canvas.clientWidth, height = 90;
  if (!each || !width) return;
  canvas.width = Math.round(width * dots);
  canvas.height = Math.round(height * dots);
  const ctx = canvas.getContext("2d"), x = (s) => width * s / each.duration_s;
  ctx.setTransform(dots, 0, 0, dots, 0, 0);
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, width, height);
  for (const one of page.windows) { ctx.fillStyle = COLOURS[one.word]; ctx.fillRect(x(one.start_s), height - 12, Math.max(1, x(one.end_s) - x(one.start_s) - 0.5), 12); }
  if (page.outline) {
    const columns = page.outline.length / 2, sorted = Float32Array.from(page.outline).sort();
    const low = sorted[Math.floor(sorted.length * 0.002)], high = sorted[Math.ceil(sorted.length * 0.998) - 1], span = (high - low) || 1;
    ctx.strokeStyle = "#444";
    ctx.beginPath();
    for (let k = 0; k < columns; k++) {
      const y = (mv) => 4 + 68 * (1 - Math.min(1, Math.max(0, (mv - low) / span)));
      const place = width * (k + 0.5) / columns;
      ctx.moveTo(place, y(page.outline[2 * k + 1]));
      ctx.lineTo(place, y(page.outline[2 * k]) + 0.7);
    }
    ctx.stroke();
  }
  ctx.strokeStyle = "#6a1b9a";
  ctx.lineWidth = 2;
  ctx.strokeRect(x(strip.from), 1, Math.max(3, x(Math.min(strip.seconds, each.duration_s))), height - 2);
  if (page.drawn) { ctx.fillStyle = "#6a1b9a44"; ctx.fillRect(Math.min(...page.drawn), 0, Math.abs(page.drawn[1] - page.drawn[0]), height); }
}

let tachogram = null, poincare = null;
function intervals(peaks) {
  for (const plot of [tachogram, poincare]) if (plot) plot.destroy();
  tachogram = poincare = null;
  const times = [], rr = [];
  for (let k = 1; k < peaks.length; k++) { times.push(peaks[k]); rr.push(peaks[k] - peaks[k - 1]); }
  $("plots").hidden = rr.length < 2;
  if (rr.length < 2) return;
  const wide = Math.max(240, Math.min(460, $("plots").clientWidth - 24));
  const dots = { paths: () => null, points: { show: true, size: 4 }, stroke: "#005fb9" };
  const axes = [{ stroke: "#222" }, { stroke: "#222", size: 44 }];
  tachogram = new uPlot({ width: wide, height: 190, legend: { show: false }, cursor: { drag: { x: false, y: false } }, scales: { x: { time: false } }, axes, series: [{}, rr.length > 400 ? dots : { stroke: "#005fb9", points: { show: true, size: 4 } }] }, [times, rr], $("tachogram"));
  const pairs = rr.slice(1).map((next, k) => [rr[k], next]).sort((a, b) => a[0] - b[0]);
  const low = rr.reduce((a, b) => Math.min(a, b)) - 0.05, high = rr.reduce((a, b) => Math.max(a, b));
  poincare = new uPlot({ width: Math.min(260, wide), height: Math.min(260, wide) - 20, legend: { show: false }, cursor: { drag: { x: false, y: false } }, scales: { x: { time: false, range: [low, high + 0.05] }, y: { range: [low, high + 0.05] } }, axes, series: [{}, dots] }, [pairs.map((p) => p[0]), pairs.map((p) => p[1])], $("poincare"));
}

function proofs() {
  const told = page.proofs, body = $("proofs").tBodies[0], busy = told && told.asked > told.answered;
  $("proofs").hidden = !told || !told.answers.length;
  $("progress").hidden = !busy;
  if (busy) { $("progress").max = told.asked; $("progress").value = told.answered; }
  $("prove").disabled = Boolean(busy) || !(page.chosen && page.chosen.decision && page.chosen.decision.rhythm);
  const size = (value, unit) => `${+value.toPrecision(3)} ${unit}`;
  body.replaceChildren(...(told ? told.answers : []).map((each) => {
    const row = document.createElement("tr");
    made("th", each.shown, row).scope = "row";
    if (each.problem) { made("td", each.problem, row).colSpan = 3; return row; }
    made("td", each.proven === null ? "nothing proven" : `±${size(each.proven, each.unit)}`, row);
    made("td", each.turned === null ? "none found" : size(each.turned, each.unit), row);
    made("td", size(each.up_to, each.unit), row);
    return row;
  }));
}

function step(by) {
  const found = matching(), place = found.findIndex((each) => page.chosen && each.key === page.chosen.key);
  choose(found[place + by]);
}

$("files").addEventListener("change", (event) => upload([...event.target.files]));
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
document.addEventListener("drop", (event) => upload([...event.dataTransfer.files]));
$("speed").addEventListener("change", () => { page.speed = Number($("speed").value); strip.zoom(page.speed); });
$("gain").addEventListener("change", () => { strip.gain = Number($("gain").value); strip.draw(); });
$("shown").addEventListener("change", () => { strip.note = page.filters[$("shown").value]; strip.tiles = new Map(); strip.forgetTiles(); measured(); });
$("invert").addEventListener("change", () => { strip.turned = $("invert").checked ? -1 : 1; strip.draw(); });
$("opacity").addEventListener("input", () => { strip.opacity = Number($("opacity").value) / 100; strip.draw(); });
$("caliper").addEventListener("change", () => { strip.measuring = $("caliper").checked; if (!strip.measuring) strip.lift(); });
for (const id of ["search", "filter"]) $(id).addEventListener("input", list);
$("more").addEventListener("click", () => { page.most += 300; list(); });
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("overview").addEventListener("pointerdown", (event) => { event.target.setPointerCapture(event.pointerId); page.drawn = [event.offsetX, event.offsetX]; overview(); });
$("overview").addEventListener("pointermove", (event) => { if (page.drawn) { page.drawn[1] = event.offsetX; overview(); } });
$("overview").addEventListener("pointerup", () => {
  if (!page.drawn || !page.chosen) return;
  const [a, b] = [Math.min(...page.drawn), Math.max(...page.drawn)].map((x) => page.chosen.duration_s * x / $("overview").clientWidth);
  const dragged = Math.abs(page.drawn[1] - page.drawn[0]) > 4;
  page.drawn = null;
  if (dragged) strip.show(a, b); else strip.move(a - strip.seconds / 2);
});

const keys = {
  j: () => step(1),
  k: () => step(-1),
  c: () => { $("caliper").checked = !$("caliper").checked; $("caliper").dispatchEvent(new Event("change")); if (strip.measuring) strip.step(0); },
  x: () => strip.swap(),
  "+": () => strip.zoom(strip.speed * 1.25),
  "-": () => strip.zoom(strip.speed * 0.8),
  Home: () => strip.move(0),
  End: () => strip.move(page.chosen ? page.chosen.duration_s - strip.seconds : 0),
  ArrowLeft: (event) => (strip.measuring ? strip.step(event.shiftKey ? -10 : -1) : strip.move(strip.from - strip.seconds / 5)),
  ArrowRight: (event) => (strip.measuring ? strip.step(event.shiftKey ? 10 : 1) : strip.move(strip.from + strip.seconds / 5)),
};
document.addEventListener("keydown", (event) => {
  if (/INPUT|SELECT|TEXTAREA/.test(event.target.tagName) && !["checkbox"].includes(event.target.type)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  if (!page.chosen && !"jk".includes(event.key)) return;
  event.preventDefault();
  keys[event.key](event);
});

$("prove").addEventListener("click", async () => {
  const each = page.chosen;
  try {
    const told = await asked(`/api/recordings/${each.key}/proofs`, { method: "POST" });
    if (page.chosen === each) { page.proofs = told; proofs(); }
  } catch (error) { text($("told"), error.message); }
});
$("judge").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!page.chosen) return;
  const verdict = new FormData($("judge")).get("verdict") || document.querySelector("[name=verdict]:checked")?.value;
  const each = page.chosen, said = { key: each.key, verdict, rhythm: verdict === "corrected" ? $("rhythm").value : null, reviewer: $("reviewer").value, comment: $("comment").value };
  try {
    const kept = await asked("/api/judgements", { method: "POST", body: JSON.stringify(said), headers: { "content-type": "application/json" } });
    each.is_judged = true;
    if (page.chosen === each) $("comment").value = "";
    await refresh();
    await look();
    text($("kept"), `Judgement ${kept.number}, of ${each.record}, kept at ${kept.made_at.slice(11, 19)} UTC.`);
  } catch (error) { text($("kept"), `Not kept, of ${each.record}: ${error.message}`); }
});
window.addEventListener("resize", () => { strip.draw(); overview(); });

// What is worked on behind the page is asked for until it is done.
setInterval(() => {
  const each = page.chosen;
  if (page.loading) refresh().catch(() => {});
  if (each && ((page.proofs && page.proofs.asked > page.proofs.answered) || each.windows_decided < each.windows_in_all)) look().catch(() => {});
}, 1000);
refresh().catch((error) => text($("told"), error.message));
