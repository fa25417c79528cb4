// What is looked for on every page, run inside the page. Each returns sentences; none is good.
// They judge what is drawn, not how it is written: rectangles, computed sizes, overlaps.

/** Runs in the page. `coarse`: fingers, so every target needs 44 px. */
export function layoutFaults(coarse) {
  const faults = [];
  const name = (el) => `${el.tagName.toLowerCase()}${el.className && typeof el.className === "string" ? `.${el.className.trim().split(/\s+/).join(".")}` : ""} "${(el.textContent ?? "").trim().slice(0, 40)}"`;
  const shown = (el) => {
    const s = getComputedStyle(el);
    const r = el.getBoundingClientRect();
    return s.visibility !== "hidden" && s.display !== "none" && Number(s.opacity) > 0 && r.width > 1 && r.height > 1 && s.clipPath === "none" && !el.closest(".hidden, .skip, [hidden], dialog:not([open]), details:not([open]) > :not(summary)") && !(innerWidth < 640 && el.closest("table.cards thead"));
  };
  const scrolls = (el) => {
    for (let p = el.parentElement; p && p !== document.body; p = p.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true;
    }
    return false;
  };
  /* an open dialog lies on top of everything else on purpose */
  const root = document.querySelector("dialog[open]") ?? document.body;
  const all = [...root.querySelectorAll("*")].filter(shown);

  if (document.documentElement.scrollWidth > innerWidth + 1) faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${innerWidth}`);
  for (const el of all) {
    const r = el.getBoundingClientRect();
    if ((r.right > innerWidth + 1 || r.left < -1) && !scrolls(el) && !el.closest("svg")) faults.push(`leaves the window (${Math.round(r.left)}..${Math.round(r.right)}): ${name(el)}`);
  }
  /* a box of its own may scroll, but a whole table on a phone should not have to */
  if (innerWidth < 640) {
    for (const el of document.querySelectorAll(".scroll")) if (el.scrollWidth > el.clientWidth + 1) faults.push(`has to be scrolled sideways: ${name(el)}`);
  }

  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let t = walker.nextNode(); t; t = walker.nextNode()) {
    const el = t.parentElement;
    if (!t.textContent.trim() || !el || !shown(el) || /^(SCRIPT|STYLE|NOSCRIPT|TITLE|OPTION)$/i.test(el.tagName)) continue;
    const range = document.createRange();
    range.selectNodeContents(t);
    const rects = [...range.getClientRects()].filter((r) => r.width > 1 && r.height > 1);
    if (rects.length) texts.push({ t, el, rects });
  }
  for (const { el, t } of texts) {
    const ctm = el.ownerSVGElement?.getScreenCTM?.();
    const size = parseFloat(getComputedStyle(el).fontSize) * (ctm ? ctm.a : 1);
    if (size < 13.9) faults.push(`${size.toFixed(1)} px: "${t.textContent.trim().slice(0, 40)}"`);
  }
  /* clipped: text reaching beyond the box that hides what overflows, or out of its cell */
  for (const { el, rects, t } of texts) {
    for (let p = el; p && p !== document.body; p = p.parentElement) {
      const s = getComputedStyle(p);
      const hides = /hidden|clip/.test(s.overflowX) || /hidden|clip/.test(s.overflowY);
      const cell = /^(TD|TH|BUTTON)$/.test(p.tagName) || p.classList.contains("button");
      if (/auto|scroll/.test(s.overflowX)) break;
      if (!hides && !cell) continue;
      const b = p.getBoundingClientRect();
      if (rects.some((r) => r.right > b.right + 1.5 || r.left < b.left - 1.5 || (hides && (r.bottom > b.bottom + 3 || r.top < b.top - 3)))) faults.push(`clipped in ${p.tagName.toLowerCase()}.${p.className}: "${t.textContent.trim().slice(0, 40)}"`);
      break;
    }
  }
  /* two texts on top of each other; what stays at the window's edge lies on them on purpose */
  const flat = texts.filter(({ el }) => !el.closest(".bottom, .split-bar")).flatMap(({ el, rects, t }) => rects.map((r) => ({ el, t, r })));
  flat.sort((a, b) => a.r.top - b.r.top);
  for (let i = 0; i < flat.length; i++) {
    for (let j = i + 1; j < flat.length && flat[j].r.top < flat[i].r.bottom; j++) {
      const a = flat[i].r, b = flat[j].r;
      const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (w > 3 && h > 8 && flat[i].t !== flat[j].t) faults.push(`"${flat[i].t.textContent.trim().slice(0, 24)}" lies on "${flat[j].t.textContent.trim().slice(0, 24)}"`);
    }
  }
  if (coarse) {
    for (const el of root.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button], label:has(input[type=radio])")) {
      if (!shown(el) || /^(radio|checkbox)$/.test(el.type)) continue;
      const r = el.getBoundingClientRect();
      if (r.height < 43.5 || r.width < 43.5) faults.push(`target ${Math.round(r.width)} × ${Math.round(r.height)}: ${name(el)}`);
    }
  }
  if (document.querySelectorAll(".button.solid").length > 1) faults.push("more than one solid button");
  const h1 = document.querySelectorAll("main h1");
  if (h1.length !== 1) faults.push(`${h1.length} first headings`);
  if (/\b(undefined|NaN|null|\[object)\b/.test(document.body.innerText)) faults.push(`says "${/.{0,20}\b(undefined|NaN|null|\[object)\b.{0,20}/.exec(document.body.innerText)?.[0]}"`);
  const keys = /\b(?:(?:title|ask|button|by|why|action|lane|if_unanswered|asked|kind|word|ledger|page_kind)\.[a-z_]+|event\.(?:incident|action|accounts|pages|person|watch|service)_[a-z_]+)/.exec(texts.filter(({ el }) => !el.closest("pre, .mono, .try-fields, .rule-text")).map(({ t }) => t.textContent).join("\n"));
  if (keys) faults.push(`shows a text key: ${keys[0]}`);
  return [...new Set(faults)];
}

/** axe: serious and critical faults, each with where it is. */
export async function axeFaults(page, rules) {
  return page.evaluate(async (only) => {
    const r = await globalThis.axe.run(document, { resultTypes: ["violations"], ...(only ? { runOnly: { type: "rule", values: only } } : { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } }) });
    return r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").flatMap((v) => v.nodes.slice(0, 3).map((n) => `axe ${v.id} (${v.impact}): ${n.target.join(" ")} ${n.any?.[0]?.message ?? v.help}`));
  }, rules);
}
