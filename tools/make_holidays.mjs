#!/usr/bin/env node
// Writes content/calendar/holidays-jp.json: Japan's national holidays, computed from the law's own rules.
//
// Act on National Holidays (1948, as amended): fixed days, "happy Mondays", the two equinox days, substitute
// holidays (Art. 3 (2)) and a working day between two holidays (Art. 3 (3)), with the one-off moves for the
// Olympic Games (2020, 2021). The equinox formulas hold for 1980-2099; the official day is announced in
// February of the year before, so years ahead are a forecast, which the file says.
// Usage: node tools/make_holidays.mjs [FIRST LAST] > content/calendar/holidays-jp.json
const [first, last] = process.argv.slice(2).map(Number);
const FROM = first || 2020;
const TO = last || 2035;

const names = {
  new_year: ["元日", "New Year's Day"],
  coming_of_age: ["成人の日", "Coming of Age Day"],
  foundation: ["建国記念の日", "National Foundation Day"],
  emperor: ["天皇誕生日", "Emperor's Birthday"],
  vernal: ["春分の日", "Vernal Equinox Day"],
  showa: ["昭和の日", "Showa Day"],
  constitution: ["憲法記念日", "Constitution Memorial Day"],
  greenery: ["みどりの日", "Greenery Day"],
  children: ["こどもの日", "Children's Day"],
  marine: ["海の日", "Marine Day"],
  mountain: ["山の日", "Mountain Day"],
  aged: ["敬老の日", "Respect for the Aged Day"],
  autumnal: ["秋分の日", "Autumnal Equinox Day"],
  sports: ["スポーツの日", "Sports Day"],
  culture: ["文化の日", "Culture Day"],
  labour: ["勤労感謝の日", "Labour Thanksgiving Day"],
  substitute: ["振替休日", "substitute holiday"],
  between: ["国民の休日", "national holiday"],
};

const DAY = 86_400_000;
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);
const weekday = (ms) => new Date(ms).getUTCDay();
const monday = (y, month, nth) => {
  const start = Date.UTC(y, month - 1, 1);
  return start + (((8 - weekday(start)) % 7) + (nth - 1) * 7) * DAY;
};
const equinox = (y, base, month) =>
  Date.UTC(y, month - 1, Math.floor(base + 0.242194 * (y - 1980) - Math.floor((y - 1980) / 4)));
const moved = {
  2020: { marine: [7, 23], sports: [7, 24], mountain: [8, 10] },
  2021: { marine: [7, 22], sports: [7, 23], mountain: [8, 8] },
};

function year(y) {
  const at = (month, day) => Date.UTC(y, month - 1, day);
  const days = new Map([
    [at(1, 1), "new_year"], [monday(y, 1, 2), "coming_of_age"], [at(2, 11), "foundation"],
    [at(2, 23), "emperor"], [equinox(y, 20.8431, 3), "vernal"], [at(4, 29), "showa"],
    [at(5, 3), "constitution"], [at(5, 4), "greenery"], [at(5, 5), "children"],
    [monday(y, 9, 3), "aged"], [equinox(y, 23.2488, 9), "autumnal"],
    [at(11, 3), "culture"], [at(11, 23), "labour"],
  ]);
  const plain = { marine: monday(y, 7, 3), mountain: at(8, 11), sports: monday(y, 10, 2) };
  for (const [name, ms] of Object.entries(plain)) {
    const m = moved[y]?.[name];
    days.set(m ? at(...m) : ms, name);
  }
  for (const ms of [...days.keys()].sort((a, b) => a - b)) {
    if (weekday(ms) !== 0) continue;
    let next = ms + DAY;
    while (days.has(next)) next += DAY;
    days.set(next, "substitute");
  }
  for (const ms of [...days.keys()]) {
    const mid = ms + DAY;
    if (days.has(mid + DAY) && !days.has(mid) && weekday(mid) !== 0) days.set(mid, "between");
  }
  return [...days].sort((a, b) => a[0] - b[0]).map(([ms, name]) => [iso(ms), name]);
}

const days = [];
for (let y = FROM; y <= TO; y++) days.push(...year(y));
const line = ([k, v]) => `    ${JSON.stringify(k)}: ${JSON.stringify(v)}`;
process.stdout.write(`{
  "about": "Japan's national holidays, computed by tools/make_holidays.mjs from the rules of the law; equinox days more than a year ahead are a forecast",
  "from": ${FROM},
  "to": ${TO},
  "names": {
${Object.entries(names).map(([k, [ja, en]]) => `    "${k}": ${JSON.stringify({ ja, en })}`).join(",\n")}
  },
  "days": {
${days.map(line).join(",\n")}
  }
}
`);
