// What is proposed or in force, on the first page; nothing where there is nothing.
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card } from "../Card";
import { Row } from "./Row";

export function NowLevels() {
  const all = useResource(api.levels, ["alert_level"], []);
  const rows = all.data?.rows.filter((x) => x.state === "proposed" || x.state === "asked" || x.state === "in_force") ?? [];
  if (rows.length === 0) return null;
  return <Card id="levels" title={t("nav.levels")} side={<a class="small" href="#/levels">{t("guard.meaning")}</a>}>{rows.slice(0, 3).map((x) => <Row key={x.id} x={x} reload={all.reload} />)}</Card>;
}
