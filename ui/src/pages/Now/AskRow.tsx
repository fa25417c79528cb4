// One row of the timetable of decisions: until when, what, and the one or two buttons that settle it.
import { api } from "../../api/client";
import type { Ask, AskButton } from "../../api/types";
import { clock, parse } from "../../lib/time";
import { pageLink } from "../../state/route";
import { has, say, t } from "../../state/text";
import { useWrite, type Writer } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Facts } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Remaining, Time } from "../../widgets/Time";


function Due({ ask }: { ask: Ask }) {
  const due = parse(ask.due);
  if (due === null) {
    return <div class="due"><span class="small ink2">{t("ask.no_due")}</span>{ask.since && <span class="small ink2">{t("ask.since", { at: ask.since })}</span>}</div>;
  }
  return (
    <div class="due">
      <span><b class="due-time">{clock(due)}</b> <span class="small ink2">{t("ask.until")}</span></span>
      <span class="small ink2"><Remaining until={ask.due ?? ""} /></span>
    </div>
  );
}

function Press({ button, solid, write }: { button: AskButton; solid: boolean; write: Writer }) {
  const label = say(button.label);
  if (button.method === "OPEN") return <Button solid={solid} href={pageLink(button.path)}>{label}</Button>;
  const run = () => void write.run(() => api.press(button));
  const known = has(`confirm.question.${button.label.key}`);
  const question = known ? t(`confirm.question.${button.label.key}`, button.label.params) : t("confirm.question", { what: label });
  const effect = known ? t(`confirm.effect.${button.label.key}`, button.label.params) : t("confirm.recorded");
  return (
    <Confirm label={label} solid={solid} busy={write.state.step === "busy"} onConfirm={run}
      question={question} effect={effect} />
  );
}

export function AskRow({ ask, first, reload }: { ask: Ask; first: boolean; reload: () => void }) {
  const write = useWrite(reload);
  return (
    <li class="ask">
      <Due ask={ask} />
      <div class="ask-what">
        <p class="ask-line">
          <Mark kind={ask.need}>{t(`need.${ask.need}`)}</Mark>
          {ask.incident && <a class="small quiet" href={`#/cases/${ask.incident.id}`}>{say(ask.incident.title)}</a>}
        </p>
        <h3>{say(ask.question)}</h3>
        {ask.body && <p class="ask-body">{say(ask.body)}</p>}
        <Facts rows={[
          ...(ask.asked ? [[t("ask.asked"), say(ask.asked)] as [string, string]] : []),
          ...(ask.if_unanswered ? [[t("ask.if_unanswered"), say(ask.if_unanswered)] as [string, string]] : []),
          ...(ask.due && ask.since ? [[t("ask.since_label"), <Time at={ask.since} />] as [string, never]] : []),
        ]} />
        <Outcome state={write.state} />
      </div>
      <div class="ask-buttons">
        {ask.buttons.map((b) => <Press button={b} solid={first && b.primary} write={write} />)}
        {ask.evidence_path && <a class="small" href={pageLink(ask.evidence_path)}>{t("ask.evidence")}</a>}
      </div>
    </li>
  );
}
