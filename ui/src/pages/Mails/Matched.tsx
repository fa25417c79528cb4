// ログとの照合: who else got it and who went where its links lead, looked for by itself as soon as it was reported.
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { HuntResult, MailReport } from "../../api/types";
import { number } from "../../lib/template";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Progress } from "../../widgets/Hunt";
import { Mark } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { type Count, matched, type Row } from "./match";
import { Inert } from "./Parts";

const ASK_MS = 1500, SHOWN = 10;
type Hunt = MailReport["hunts"][number];

/** The step as it is: asked again while it runs. */
function useStep(hunt: Hunt | undefined): HuntResult | null {
  const one = useResource((signal) => (hunt ? api.hunt(hunt.id)(signal) : Promise.resolve(null)), [], [hunt?.id, hunt?.state]);
  const running = hunt?.state === "running";
  useEffect(() => {
    const timer = running ? setInterval(one.reload, ASK_MS) : undefined;
    return () => clearInterval(timer);
  }, [running]);
  return one.data?.result ?? null;
}

const words = (c: Count): string => (c.more ? t("mails.match.at_least", { n: number(c.n) }) : number(c.n));
const said = (r: Row): string => t(r.said, Object.fromEntries(Object.entries(r.params).map(([k, c]) => [k, words(c)])));

function Who({ r }: { r: Row }) {
  if (r.who.length === 0) return null;
  return <div class="small ink2">{r.who.slice(0, SHOWN).map((w, i) => <>{i > 0 && ", "}<Inert text={w} /></>)}{r.who.length > SHOWN && ` ${t("mails.match.others", { n: r.who.length - SHOWN })}`}</div>;
}

export function MatchedCard({ r }: { r: MailReport }) {
  const first = r.hunts.find((h) => h.step === 1), second = r.hunts.find((h) => h.step === 2);
  const one = useStep(first), two = useStep(second);
  const running = [first, second].find((h) => h?.state === "running");
  if (!first) return <Card id="matched" title={t("mails.match")}><Empty>{t("mails.match.nothing")}</Empty></Card>;
  const rows = matched(first.asked, one, two);
  return (
    <Card id="matched" title={t("mails.match")} caption={t("mails.match.caption")}>
      {running && <div class="card-body"><Mark kind="run">{t(running === first ? "mails.match.running" : "mails.match.running_to")}</Mark><Progress of={(running === first ? one : two) ?? {}} /></div>}
      {[first, second].some((h) => h?.state === "failed") && <p class="card-body"><Mark kind="failed">{t("search.failed", { why: one?.why ?? two?.why ?? "" })}</Mark></p>}
      <Table label={t("mails.match")} rows={rows} id={(x) => x.name} columns={[
        { head: t("mails.match.asked"), title: true, cell: (x) => <>{t(`mails.match.of.${x.name.replace(/\..*/, "")}`)}{x.value && <div class="small mono ink2"><Inert text={x.value} /></div>}</> },
        { head: t("mails.match.answer"), class: "grow-cell card-wide", cell: (x) => (x.found ? <><b>{said(x)}</b><Who r={x} /></> : <span class="ink2">{t(running === first ? "mails.match.not_yet" : x.said)}</span>) },
        { head: t("ioc.first"), cell: (x) => (x.first ? <Time at={x.first} /> : "–"), num: true },
      ]} />
      <p class="empty small">{one?.kept_since && t("ioc.kept_since", { at: one.kept_since })} {t("mails.match.only")}</p>
    </Card>
  );
}
