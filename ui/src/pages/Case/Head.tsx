// Title in words, level, sharing mark, who commands, how long it has lasted, who else is looking.
import { useState } from "preact/hooks";
import type { Incident } from "../../api/types";
import { parse, roughly } from "../../lib/time";
import { now } from "../../state/clock";
import { lang, say, t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Level, Tlp } from "../../widgets/Level";
import { Mark } from "../../widgets/Mark";
import { Time } from "../../widgets/Time";
import { mayDo } from "../../widgets/task";
import { later } from "../../widgets/later";
import { FalseAlarm, FalseAlarmIs } from "./FalseAlarm";

const Edit = later("case-edit", () => import("./Edit").then((m) => m.Edit));

function Elapsed({ incident }: { incident: Incident }) {
  const from = parse(incident.first_trace) ?? parse(incident.opened);
  if (incident.state === "closed") return <span>{t("case.closed_at")} <b><Time at={incident.closed} /></b></span>;
  if (from === null) return null;
  const minutes = Math.floor((now.value - from) / 60_000) * 60;
  return <span>{t("case.since")} <b>T+{minutes < 60 ? t("case.first_minute") : roughly(minutes, lang.value)}</b></span>;
}

function Viewers({ incident }: { incident: Incident }) {
  const others = incident.viewers.filter((v) => !v.me);
  if (others.length === 0) return null;
  return <p class="small case-viewers"><Mark kind="declared">{t("case.viewers")}</Mark> {others.map((v) => t("case.viewer", { name: v.name, at: v.since })).join(t("word.comma"))}</p>;
}

export function Head({ incident, reload }: { incident: Incident; reload: () => void }) {
  const [editing, edit] = useState(false);
  const [wrong, say_wrong] = useState(false);
  return (
    <header class="case-head">
      <div class="case-head-text">
        <p class="small ink2">{t("nav.cases")}　<span class="id">{incident.number}</span></p>
        <h1>{say(incident.title)}</h1>
        <p class="case-facts small">
          <Level level={incident.level} /><Tlp tlp={incident.tlp} />
          <span>{t("case.commander")} <b>{incident.commander ? word("person", incident.commander.name) : t("word.not_yet")}</b></span>
          <Elapsed incident={incident} />
          {incident.drill && <b>{t("case.drill")}</b>}
        </p>
        <FalseAlarmIs incident={incident} reload={reload} />
        <Viewers incident={incident} />
      </div>
      {!editing && !wrong && <div class="buttons"><Button onPress={() => edit(true)}>{t("case.edit")}</Button>{incident.state === "open" && mayDo() && <Button onPress={() => say_wrong(true)}>{t("false.button")}</Button>}</div>}
      {wrong && <FalseAlarm incident={incident} reload={reload} close={() => say_wrong(false)} />}
      {editing && <Edit incident={incident} reload={reload} close={() => edit(false)} />}
    </header>
  );
}
