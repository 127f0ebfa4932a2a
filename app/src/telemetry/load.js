// The load of running instances and of the GPUs, written anew with each reading in place of what the server wrote
// (`load/markup.rs`, the same markup). `load.rs` calls it with texts of JSON.

/** Who missed so much asks the server, milliseconds. */
const MISSED = 30_000;
const GB = 1e9;
const GIB = 2 ** 30;

/** What was kept, by `subject metric`; then what is to be shown, and with which words. */
const lines = new Map();
const written = new WeakMap();
let words, readings, history, weight, at, running = [], frame = 0;

/** The server's first answer, a telegram, or the list of what runs. Says whether the server knows more than what came. */
window.aikoreLoad = (text) => {
  const told = JSON.parse(text);
  let missed = false;
  if (told.words) begin(told);
  else if (Array.isArray(told)) running = told;
  else if (told.readings && words) missed = hear(told.readings);
  if (readings && !frame) frame = requestAnimationFrame(paint);
  return missed;
};

function begin(first) {
  ({ words, readings } = first);
  ({ history, weight, at } = first.past);
  lines.clear();
  for (const { subject, metric, mean } of history.series) lines.set(`${subject} ${metric}`, mean);
}

function hear(news) {
  readings = news;
  const now = news.machine.at;
  const missed = now - at > MISSED;
  if (now > at) add(now);
  return missed;
}

/** Adds a reading to the step it belongs to; time goes on to there. */
function add(now) {
  const { step, steps } = history;
  const ahead = Math.floor((now - history.from) / step) + 1 - steps;
  if (ahead > 0) {
    history.from += ahead * step;
    weight = 0;
    for (const [name, values] of lines) {
      values.splice(0, ahead);
      while (values.length < steps) values.push(null);
      if (values.every((value) => value === null)) lines.delete(name);
    }
  }
  for (const [name, value] of measured()) {
    if (value === null) continue;
    if (!lines.has(name)) lines.set(name, Array(steps).fill(null));
    const values = lines.get(name);
    const mean = values[steps - 1] ?? value;
    values[steps - 1] = (mean * weight + value) / (weight + 1);
  }
  weight++;
  at = now;
}

function* measured() {
  for (const { uuid, percent, memory_used: used, memory_total: total } of readings.gpus.gpus) {
    yield [`gpu:${uuid} gpu_percent`, percent];
    yield [`gpu:${uuid} gpu_memory_percent`, total && used !== null ? (used / total) * 100 : null];
  }
  for (const one of readings.instances) {
    yield [`instance:${one.id} cpu_percent`, one.cpu_percent];
    yield [`instance:${one.id} memory`, one.memory];
    yield [`instance:${one.id} gpu_memory`, gpuMemory(one)];
  }
}

const sum = (values) => values.filter((value) => value !== null).reduce((all, value) => all + value, 0);

/** Of all its GPUs together; none where it uses no GPU or nobody can tell. */
const gpuMemory = ({ gpus }) => (gpus.some(({ memory }) => memory !== null) ? sum(gpus.map(({ memory }) => memory)) : null);

function paint() {
  frame = 0;
  for (const cell of document.querySelectorAll("tr[data-id] > .c-load")) {
    const id = Number(cell.parentElement.dataset.id);
    // A reading may be older than the end of a run.
    const one = running.includes(id) && readings.instances.find((each) => each.id === id);
    write(cell, one ? `<div class="load">${cpu(one)}${memory(one)}</div>` : `<span class="load--none">–</span>`);
  }
  const gpus = document.getElementById("gpus");
  if (gpus) write(gpus, readings.gpus.gpus.map(reading).join(""));
}

function write(element, html) {
  if (written.get(element) === html) return;
  element.innerHTML = html;
  written.set(element, html);
}

function cpu(one) {
  const values = lines.get(`instance:${one.id} cpu_percent`) ?? [];
  return item(words.cpu, `${number(one.cpu_percent, 0)} %`, values, Math.max(100, ...values), "");
}

/** GPU memory is what people fear for; who uses none shows the machine's. */
function memory(one) {
  const used = gpuMemory(one);
  const [noun, metric, now, top] =
    used === null
      ? [words.ram, "memory", ram(one.memory), readings.machine.ram_total]
      : [words.vram, "gpu_memory", fill(words.gib, number(used / GIB, 1)), gpuMemoryTotal(one)];
  return item(noun, now, lines.get(`instance:${one.id} ${metric}`), top, "is-memory");
}

function gpuMemoryTotal({ gpus }) {
  const its = readings.gpus.gpus.filter(({ uuid }) => gpus.some((used) => used.uuid === uuid));
  return sum(its.map((gpu) => gpu.memory_total));
}

function item(noun, now, values, top, tone) {
  const chart = spark(tone, fill(words.lately, noun, now), path(values, top, ""));
  return `<div class="load__item">${chart}<span class="load__value"><b>${noun}</b> ${now}</span></div>`;
}

function reading(gpu) {
  const { index, percent } = gpu;
  const line = (metric, tone) => path(lines.get(`gpu:${gpu.uuid} ${metric}`), 100, tone);
  const chart = spark("", fill(words.gpu, index), line("gpu_percent", "") + line("gpu_memory_percent", "is-memory"));
  const value = percent === null ? "" : `${number(percent, 0)}<small> %</small>`;
  const name = escaped(gpu.name.replace(/^(NVIDIA )?(GeForce )?/, ""));
  return `<div class="reading"><div class="reading__head"><h3 class="reading__label truncate">GPU ${index} · ${name}</h3><span class="reading__value">${value}</span></div><div class="reading__plot">${chart}</div><div class="reading__foot">${facts(gpu)}</div></div>`;
}

/** What stands below a GPU's line. */
function facts({ problem, memory_used: used, memory_total: total, temperature, power }) {
  const told = [
    problem,
    used !== null && total !== null && fill(words.memory, number(used / GIB, 1), number(total / GIB, 1)),
    temperature !== null && fill(words.degrees, temperature),
    power !== null && fill(words.watts, number(power, 0)),
  ];
  return told.filter(Boolean).map((fact) => `<span>${escaped(fact)}</span>`).join("");
}

const spark = (tone, label, paths) =>
  `<svg class="spark ${tone}" viewBox="0 0 ${history.steps - 1} 100" preserveAspectRatio="none" role="img" aria-label="${escaped(label)}">${paths}</svg>`;

/** One stretch of a line, and of what lies below it, for every stretch without gaps. */
function path(values = [], top, tone) {
  const height = (value) => (100 - (top > 0 ? Math.min(value / top, 1) * 100 : 0)).toFixed(1);
  const points = values.map((value, place) => value !== null && `${place} ${height(value)}`);
  let line = "", area = "";
  for (let from = 0, to; from < points.length; from = to + 1) {
    for (to = from; points[to]; to++);
    if (to === from) continue;
    // A single value would be a point, which is not painted.
    const stretch = `M${points.slice(from, to).join("L")}${to - from > 1 ? "" : "h1"}`;
    line += stretch;
    area += `${stretch}V100H${from}Z`;
  }
  return `<path class="spark__area ${tone}" d="${area}"></path><path class="spark__line ${tone}" d="${line}"></path>`;
}

/** `38 MB`, `9.8 GB`. */
function ram(size) {
  if (size >= 999.5e6) return fill(words.gb, number(size / GB, size < 99.95 * GB ? 1 : 0));
  return fill(words.mb, number(size / 1e6, size < 9.95e6 ? 1 : 0));
}

const number = (value, digits) => value.toFixed(digits).replace(".", words.point);

/** Puts values into the holes of a sentence: `{}` in order, `{0}` by place. */
function fill(sentence, ...values) {
  let next = 0;
  return sentence.replace(/\{(\d*)\}/g, (_, place) => values[place || next++]);
}

const escaped = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt()};`);
