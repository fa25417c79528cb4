// Stopping and going on side by side: what stops with the service and what people do meanwhile; what goes on if it is not stopped.
import type { Decision } from "../../../api/types";
import { t, titleOf } from "../../../state/text";
import { Facts } from "../../../widgets/Card";

type Both = NonNullable<Decision["sides"]>;
const none = () => <span class="ink3">{t("word.none")}</span>;

const names = (list: string[]) => (list.length === 0 ? none() : <ul class="plain">{list.map((x) => <li key={x}>{x}</li>)}</ul>);

function Stop({ x }: { x: Both["stop"] }) {
  return (
    <Facts rows={[
      [t("sides.importance"), x.known ? t(`importance.${x.importance || "unknown"}`) : t("sides.not_in_register")],
      [t("sides.stops"), names(x.stops)],
      [t("sides.instead"), x.instead.length === 0 ? none() : <ul class="plain">{x.instead.map((a) => <li key={a.name}>{a.name} <span class="small ink2">{a.minutes && t("sides.takes", { n: a.minutes })} {a.exercised ? t("sides.exercised", { day: a.exercised }) : t("sides.never_exercised")}</span></li>)}</ul>],
    ]} />
  );
}

function GoOn({ x }: { x: Both["go_on"] }) {
  return (
    <Facts rows={[
      ...(x.criterion ? [[t("sides.criterion"), titleOf(x.criterion)] as [string, string]] : []),
      [t("sides.accounts"), t("sides.accounts_n", { n: x.accounts, hour: x.accounts_hour, minutes: x.accounts_minutes })],
      [t("sides.in_force"), t("sides.in_force_n", { n: x.in_force })],
    ]} />
  );
}

export function Sides({ of, side }: { of: Both; side: "stop" | "go_on" }) {
  return side === "stop" ? <Stop x={of.stop} /> : <GoOn x={of.go_on} />;
}
