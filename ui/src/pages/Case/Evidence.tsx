// 証拠: what rules said, and the very lines behind it, read from the spool when they are asked for.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Finding, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t, titleOf } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Export } from "../../widgets/Export";
import { FindingTable, type Pick } from "../../widgets/FindingTable";
import { Level } from "../../widgets/Level";
import { LineList } from "../../widgets/LineList";
import { later } from "../../widgets/later";
import { Loaded } from "../../widgets/Loaded";

const Split = later("case-split", () => import("./Split").then((m) => m.Split));

const LINES = 12; /* that stand open: who needs more asks for it */
const LEVEL = ["informational", "low", "medium", "high", "critical"];

function Lines({ incident, finding }: { incident: Incident; finding: string | null }) {
  const lines = useResource(api.evidence(incident.id, finding ?? undefined), ["incident"], [incident.id, finding], incident.id);
  return (
    <Loaded of={lines}>{(d) => (
      <>
        {finding && <p class="lead small">{t("evidence.lines_of_one")} <a href={`#/cases/${incident.id}/evidence`}>{t("evidence.all")}</a></p>}
        <p class="lead small ink2">{t("evidence.shown", { n: d.lines.length, total: d.total })}{!d.complete && t("evidence.incomplete")}</p>
        <LineList lines={d.lines.slice(0, LINES)} />
        {d.lines.length > LINES && <Rest label={t("evidence.more_lines", { n: d.lines.length - LINES })}>{() => <LineList lines={d.lines.slice(LINES)} />}</Rest>}
      </>)}
    </Loaded>
  );
}

/** One wave meets one rule once for each source: told by rule, the heaviest and latest first. */
function byRule(rows: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const f of rows) groups.set(f.rule.id, [...(groups.get(f.rule.id) ?? []), f]);
  const weight = (g: Finding[]) => LEVEL.indexOf(g[0]?.level ?? "");
  const last = (g: Finding[]) => g.reduce((l, f) => ((f.last ?? "") > l ? (f.last ?? "") : l), "");
  return [...groups.values()].sort((a, b) => weight(b) - weight(a) || last(b).localeCompare(last(a)));
}

function Group({ incident, rows, pick }: { incident: Incident; rows: Finding[]; pick?: Pick }) {
  const [open, set] = useState(false);
  const first = rows[0];
  if (!first) return null;
  const span = rows.reduce((s, f) => ({ from: f.first && (!s.from || f.first < s.from) ? f.first : s.from, to: f.last && (!s.to || f.last > s.to) ? f.last : s.to }), { from: first.first, to: first.last });
  return (
    <details class="rest group" open={open} onToggle={(e) => set(e.currentTarget.open)}>
      <summary><Level level={first.level} /><b>{titleOf(first.rule)}</b><span class="ink2">{t("evidence.group", { n: rows.length, from: span.from, to: span.to })}</span></summary>
      {open && pick && rows.length > 1 && (
        <label class="pick pick-group small"><input type="checkbox" checked={rows.every((f) => pick.on.has(f.id))} onChange={(e) => pick.toggle(rows.map((f) => f.id), e.currentTarget.checked)} />
          <span>{t("split.pick_group", { n: rows.length })}</span></label>)}
      {open && <FindingTable rows={rows} linesOf={(f) => `#/cases/${incident.id}/evidence?finding=${f.id}`} pick={pick} />}
    </details>
  );
}

/** Drawn only when it is opened. */
function Rest({ label, children }: { label: string; children: () => ComponentChildren }) {
  const [open, set] = useState(false);
  return <details class="rest" onToggle={(e) => set(e.currentTarget.open)}><summary>{label}</summary>{open && children()}</details>;
}

/** What is chosen; findings that left the case meanwhile are no longer. */
function usePick(): [ReadonlySet<string>, Pick["toggle"], () => void] {
  const [on, set] = useState<ReadonlySet<string>>(new Set());
  const toggle = (ids: string[], chosen: boolean) => set((s) => {
    const next = new Set(s);
    for (const id of ids) if (chosen) next.add(id); else next.delete(id);
    return next;
  });
  return [on, toggle, () => set(new Set<string>())];
}

export function Evidence({ incident, finding, reload }: { incident: Incident; finding: string | null; reload: () => void }) {
  const [chosen, toggle, clear] = usePick();
  const may = incident.state === "open" && me.value?.person.role !== "auditor";
  const findings = useResource(api.incidentFindings(incident.id), ["incident"], [incident.id], incident.id);
  return (
    <div class="stack">
      {!finding && (
        <Loaded of={findings}>{(d) => {
          const groups = byRule(d.findings);
          const on = new Set(d.findings.map((f) => f.id).filter((id) => chosen.has(id)));
          const pick = may && d.total > 1 ? { on, toggle } : undefined;
          return (
            <Card id="findings" title={t("evidence.findings_title")} caption={t("evidence.findings_caption", { rules: groups.length, n: d.total })}>
              {groups.length === 0 ? <Empty>{t("evidence.none")}</Empty> : groups.map((g) => <Group key={g[0]?.rule.id} incident={incident} rows={g} pick={pick} />)}
              {pick && on.size === 0 && <p class="empty small ink2">{t("split.hint")}</p>}
              {pick && on.size > 0 && <Split incident={incident} chosen={[...on]} total={d.total} clear={clear} done={() => { clear(); findings.reload(); reload(); }} />}
            </Card>);
        }}</Loaded>)}
      <Card id="lines" title={t("evidence.lines_title")}>
        <Lines incident={incident} finding={finding} />
        {me.value?.person.role !== "auditor" && <div class="card-body"><Export begin={(why) => api.exportCase(incident.id, why)} /></div>}
      </Card>
    </div>
  );
}
