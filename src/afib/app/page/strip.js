"use strict";
// A strip of ECG paper on a canvas, true to its speed and gain at 96 dots an inch, and its calipers.
const MM = 96 / 25.4;
const LANE_MM = 10, HALF_MM = 30, PULSE_MM = 8;
const SLOWEST = 2, FASTEST = 400;

class Strip {
  // canvas: where to draw; fetchTile(number) resolves to a Float32Array; onView, onMeasure, onProblem: told of changes.
  constructor(canvas, { fetchTile, onView, onMeasure, onProblem }) {
    Object.assign(this, { canvas, fetchTile, onView, onMeasure, onProblem });
    Object.assign(this, { record: null, from: 0, speed: 25, gain: 10, turned: 1, opacity: 0.45, note: "no filter" });
    this.clear();
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.held = null; });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  clear() { Object.assign(this, { tiles: new Map(), asked: new Set(), peaks: [], evidence: [], legs: null, active: 1, held: null, middle: null }); }

  open(record, tileSeconds) { this.clear(); Object.assign(this, { record, tileSeconds, from: 0 }); this.draw(); }

  forgetTiles() { this.tiles.clear(); this.asked.clear(); this.middle = null; this.draw(); }

  get left() { return PULSE_MM * MM; }
  get seconds() { return (this.canvas.clientWidth - this.left) / (this.speed * MM); }
  xOf(at) { return this.left + (at - this.from) * this.speed * MM; }
  timeAt(x) { return this.from + (x - this.left) / (this.speed * MM); }

  move(from) {
    if (!this.record) return;
    this.from = Math.min(Math.max(0, from), Math.max(0, this.record.duration_s - this.seconds / 2));
    this.draw();
    this.onView();
  }

  zoom(speed, around) {
    const at = this.timeAt(around ?? this.left);
    this.speed = Math.min(FASTEST, Math.max(SLOWEST, speed));
    this.move(at - ((around ?? this.left) - this.left) / (this.speed * MM));
  }

  show(from, to) { this.speed = Math.min(FASTEST, Math.max(SLOWEST, (this.canvas.clientWidth - this.left) / MM / (to - from))); this.move(from); }

  sampleAt(time) { return Math.min(this.record.samples - 1, Math.max(0, Math.round(time * this.record.rate_hz))); }

  // A sample in mV, or NaN while it has not come.
  value(sample) {
    const first = (number) => Math.round(number * this.tileSeconds * this.record.rate_hz);
    let number = Math.floor(sample / (this.tileSeconds * this.record.rate_hz));
    if (sample >= first(number + 1)) number += 1;
    const tile = this.tiles.get(number);
    return tile ? tile[sample - first(number)] : NaN;
  }

  // The tiles that are looked at, asked for if they are not there.
  #need() {
    const last = Math.ceil(this.record.duration_s / this.tileSeconds) - 1;
    const first = Math.max(0, Math.floor(this.from / this.tileSeconds) - 1);
    const end = Math.min(last, Math.floor((this.from + this.seconds) / this.tileSeconds) + 1);
    for (let number = first; number <= end; number++) {
      if (this.asked.has(number)) continue;
      this.asked.add(number);
      const record = this.record, tiles = this.tiles;
      this.fetchTile(number).then((tile) => {
        if (this.record !== record || this.tiles !== tiles) return;
        tiles.set(number, tile);
        this.draw();
        if (this.legs) this.onMeasure();
      }).catch((error) => { if (this.tiles === tiles) this.onProblem(error.message); });
    }
    for (const number of [...this.tiles.keys()]) {
      if (this.tiles.size > 40 && (number < first || number > end)) { this.tiles.delete(number); this.asked.delete(number); }
    }
  }

  draw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => { this.queued = false; this.#paint(); });
  }

  #paint() {
    const { canvas } = this, dots = devicePixelRatio || 1, width = canvas.clientWidth;
    const height = (2 * HALF_MM + LANE_MM + 6) * MM;
    if (!width) return;
    if (canvas.width !== Math.round(width * dots) || canvas.height !== Math.round(height * dots)) {
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
      canvas.style.height = `${height}px`;
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(dots, 0, 0, dots, 0, 0);
    ctx.fillStyle = "#fff";
    ctx.fillRect(0, 0, width, height);
    if (!this.record) return;
    this.#need();
    this.#paper(ctx, width);
    this.#overlay(ctx);
    this.#pulse(ctx);
    this.#trace(ctx, width);
    this.#beats(ctx, width);
    this.#calipers(ctx, width);
    ctx.fillStyle = "#1a1a1a";
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.fillText(this.scale(), 4, height - 6);
    ctx.textAlign = "right";
    ctx.fillText(`${this.from.toFixed(2)} s`, width - 4, height - 6);
  }

  scale() { return `${+this.speed.toFixed(2)} mm/s · ${this.gain} mm/mV · ${this.note}${this.turned < 0 ? " · inverted" : ""}`; }

  #paper(ctx, width) {
    const high = 2 * HALF_MM * MM, fine = this.speed >= 5 ? [[1, "#f6d9d9", 0.5], [5, "#e0a0a0", 0.8]] : [[5, "#f0c8c8", 0.5]];
    for (const [every, colour, line] of fine) {
      ctx.beginPath();
      ctx.strokeStyle = colour;
      ctx.lineWidth = line;
      for (let x = this.left; x <= width; x += every * MM) { ctx.moveTo(x, 0); ctx.lineTo(x, high); }
      for (let y = 0; y <= high + 0.1; y += every * MM) { ctx.moveTo(this.left, y); ctx.lineTo(width, y); }
      ctx.stroke();
    }
  }

  #pulse(ctx) {
    const zero = HALF_MM * MM, up = zero - this.gain * MM;
    ctx.beginPath();
    ctx.strokeStyle = "#1a1a1a";
    ctx.lineWidth = 1.2;
    for (const [x, y] of [[0.5, zero], [2, zero], [2, up], [6, up], [6, zero], [7.5, zero]]) ctx.lineTo(x * MM, y);
    ctx.stroke();
    ctx.fillStyle = "#1a1a1a";
    ctx.font = "10px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.fillText("1 mV", 4 * MM, zero + 12);
  }

  yOf(mv) { return HALF_MM * MM - this.turned * (mv - this.middle) * this.gain * MM; }

  #trace(ctx, width) {
    const rate = this.record.rate_hz, first = Math.max(0, Math.floor(this.from * rate) - 1);
    const last = Math.min(this.record.samples - 1, Math.ceil(this.timeAt(width) * rate) + 1);
    if (this.middle === null) this.#centre(first, last);
    if (this.middle === null) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.left, 0, width - this.left, 2 * HALF_MM * MM);
    ctx.clip();
    ctx.beginPath();
    ctx.strokeStyle = "#1a1a1a";
    ctx.lineWidth = 1.2;
    const each = (this.speed * MM) / rate;
    if (each >= 0.1) {
      let down = false;
      for (let k = first; k <= last; k++) {
        const mv = this.value(k);
        if (Number.isNaN(mv)) { down = false; continue; }
        ctx[down ? "lineTo" : "moveTo"](this.xOf(k / rate), this.yOf(mv));
        down = true;
      }
    } else {
      // Several samples a dot: from their lowest to their highest.
      const step = 1 / each;
      let down = false;
      for (let begin = first; begin <= last; begin += step) {
        let low = Infinity, high = -Infinity;
        for (let k = Math.floor(begin); k <= Math.min(last, begin + step); k++) {
          const mv = this.value(k);
          if (mv < low) low = mv;
          if (mv > high) high = mv;
        }
        if (low > high) { down = false; continue; }
        const x = this.xOf(begin / rate);
        ctx[down ? "lineTo" : "moveTo"](x, this.yOf(high));
        ctx.lineTo(x, this.yOf(low));
        down = true;
      }
    }
    ctx.stroke();
    ctx.restore();
  }

  #centre(first, last) {
    const values = [];
    for (let k = first; k <= last; k += Math.max(1, Math.floor((last - first) / 2000))) { const mv = this.value(k); if (!Number.isNaN(mv)) values.push(mv); }
    if (values.length) this.middle = values.sort((a, b) => a - b)[values.length >> 1];
  }

  #overlay(ctx) {
    const zero = (2 * HALF_MM + 1 + LANE_MM / 2) * MM, end = this.from + this.seconds;
    for (const { start_s, rate_hz, heights, empty } of this.evidence) {
      if (empty || start_s > end || start_s + heights.length / rate_hz < this.from) continue;
      const first = Math.max(0, Math.floor((this.from - start_s) * rate_hz));
      const last = Math.min(heights.length - 1, Math.ceil((end - start_s) * rate_hz));
      const step = Math.max(1, Math.floor(rate_hz / (this.speed * MM)));
      for (let k = first; k < last; k += step) {
        const height = heights[k], x = Math.max(this.left, this.xOf(start_s + k / rate_hz));
        const wide = this.xOf(start_s + (k + step) / rate_hz) - x;
        if (wide <= 0) continue;
        ctx.fillStyle = height > 0 ? "#d55e00" : "#005fb9";
        ctx.globalAlpha = Math.abs(height) * this.opacity;
        ctx.fillRect(x, 0, wide + 0.5, 2 * HALF_MM * MM);
        ctx.globalAlpha = this.opacity > 0 ? 1 : 0;
        const tall = height * (LANE_MM / 2) * MM;
        ctx.fillRect(x, Math.min(zero, zero - tall), wide + 0.5, Math.abs(tall));
      }
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = "#444";
    ctx.font = "10px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.fillText("AFib", 2, zero - 6);
    ctx.fillText("normal", 1, zero + 14);
  }

  #beats(ctx, width) {
    if (this.speed < 4) return;
    const peaks = this.peaks;
    let low = 0, high = peaks.length;
    while (low < high) { const mid = (low + high) >> 1; if (peaks[mid] < this.from) low = mid + 1; else high = mid; }
    ctx.fillStyle = "#1a1a1a";
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "center";
    for (let k = low; k < peaks.length; k++) {
      const x = this.xOf(peaks[k]);
      if (x > width) break;
      ctx.beginPath();
      ctx.moveTo(x - 4, 1); ctx.lineTo(x + 4, 1); ctx.lineTo(x, 8);
      ctx.fill();
      if (k && this.speed >= 10) {
        const between = (x + this.xOf(peaks[k - 1])) / 2;
        if (between > this.left) ctx.fillText(`${Math.round(1000 * (peaks[k] - peaks[k - 1]))}`, between, 12);
      }
    }
  }

  // What the calipers say: whole samples apart, and what the trace and the pointer rose by.
  measured() {
    if (!this.legs) return null;
    const [a, b] = this.legs, seconds = Math.abs(b.sample - a.sample) / this.record.rate_hz;
    return { seconds, bpm: seconds ? 60 / seconds : null, trace: this.value(b.sample) - this.value(a.sample), height: b.mv - a.mv };
  }

  step(samples) {
    if (!this.legs) {
      const sample = this.sampleAt(this.from + this.seconds / 3);
      this.legs = [sample, this.sampleAt(this.from + this.seconds / 3 + 1)].map((each) => ({ sample: each, mv: this.value(each) || 0 }));
    } else {
      const leg = this.legs[this.active];
      leg.sample = Math.min(this.record.samples - 1, Math.max(0, leg.sample + samples));
      leg.mv = this.value(leg.sample) || 0;
    }
    this.#told();
  }

  swap() { this.active = 1 - this.active; this.#told(); }
  lift() { this.legs = null; this.#told(); }
  #told() { this.draw(); this.onMeasure(); }

  #calipers(ctx, width) {
    if (!this.legs) return;
    const [a, b] = this.legs.map((leg) => this.xOf(leg.sample / this.record.rate_hz)), high = 2 * HALF_MM * MM;
    const apart = Math.abs(b - a);
    ctx.strokeStyle = "#6a1b9a";
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 5]);
    ctx.beginPath();
    // Marched out, to see whether the rhythm keeps the distance.
    if (apart > 6) for (const way of [1, -1]) for (let x = (way > 0 ? Math.max(a, b) : Math.min(a, b)) + way * apart; x > this.left && x < width; x += way * apart) { ctx.moveTo(x, 0); ctx.lineTo(x, high); }
    ctx.stroke();
    ctx.setLineDash([]);
    [a, b].forEach((x, k) => {
      ctx.beginPath();
      ctx.lineWidth = k === this.active ? 2.5 : 1.5;
      ctx.moveTo(x, 0); ctx.lineTo(x, high);
      ctx.moveTo(x - 8, this.yOf(this.legs[k].mv)); ctx.lineTo(x + 8, this.yOf(this.legs[k].mv));
      ctx.stroke();
    });
  }

  #leg(event) {
    const y = event.offsetY, mv = this.middle + this.turned * (HALF_MM * MM - y) / (this.gain * MM);
    return { sample: this.sampleAt(this.timeAt(event.offsetX)), mv };
  }

  #press(event) {
    if (!this.record) return;
    this.canvas.setPointerCapture(event.pointerId);
    if (this.measuring) { const leg = this.#leg(event); this.legs = [leg, { ...leg }]; this.active = 1; this.held = "leg"; this.#told(); }
    else this.held = { x: event.offsetX, from: this.from };
  }

  #drag(event) {
    if (!this.held) return;
    if (this.held === "leg") { this.legs[1] = this.#leg(event); this.#told(); }
    else this.move(this.held.from - (event.offsetX - this.held.x) / (this.speed * MM));
  }

  #wheel(event) {
    if (!this.record) return;
    event.preventDefault();
    const by = event.deltaY || event.deltaX;
    if (event.shiftKey || event.deltaX) this.move(this.from + Math.sign(by) * this.seconds / 10);
    else this.zoom(this.speed * (by > 0 ? 0.8 : 1.25), event.offsetX);
  }
}
