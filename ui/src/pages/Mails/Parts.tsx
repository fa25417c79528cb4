// The parts of a suspicious mail. All of it is text: nothing is a link, nothing is drawn, what hides is spelled out.
import type { ComponentChildren } from "preact";
import { visible } from "../../lib/visible";
import { number } from "../../lib/template";
import { t } from "../../state/text";
import { Card, Empty, Facts } from "../../widgets/Card";
import { RawLine } from "../../widgets/LineList";
import { Mark } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { answersElsewhere, type Attached, type Judged, judgedMark, type Link, type Mail } from "./mail";

export function Inert({ text }: { text: string }) {
  if (!text) return <span class="ink3">{t("word.none")}</span>;
  return <span class="inert">{visible(text).map(({ escaped, s }) => (escaped ? <span class="escaped">{s}</span> : s))}</span>;
}

export function HeadersCard({ mail }: { mail: Mail }) {
  const rows: [ComponentChildren, ComponentChildren][] = [
    [t("mails.from"), <Inert text={mail.from || mail.from_address} />],
    [t("mails.reply_to"), <><Inert text={mail.reply_to} />{answersElsewhere(mail) && <> <Mark kind="must">{t("mails.reply_differs")}</Mark></>}</>],
    ["Return-Path", <Inert text={mail.return_path} />],
    [t("mails.to"), <Inert text={mail.to} />],
    [t("mails.date"), <Inert text={mail.date} />],
    ["Message-ID", <Inert text={mail.message_id} />],
  ];
  return <Card id="headers" title={t("mails.headers")} caption={t("mails.headers_caption")}><div class="card-body"><Facts rows={rows} />{mail.odd > 0 && <p class="small below"><Mark kind="soon">{t("mails.odd", { n: mail.odd })}</Mark></p>}</div></Card>;
}

const Verdict = ({ word }: { word: string }) => <Mark kind={judgedMark(word)}>{word ? <Inert text={word} /> : t("mails.not_said")}</Mark>;

export function AuthCard({ auth }: { auth: Judged[] }) {
  return (
    <Card id="auth" title={t("mails.auth")} caption={t("mails.auth_caption")}>
      {auth.length === 0 ? <Empty>{t("mails.no_auth")}</Empty> : <Table label={t("mails.auth")} rows={auth} id={(a) => auth.indexOf(a)} columns={[
        { head: t("mails.auth_by"), title: true, class: "grow-cell", cell: (a) => <Inert text={a.by} /> },
        { head: "SPF", cell: (a) => <Verdict word={a.spf} /> },
        { head: "DKIM", cell: (a) => <Verdict word={a.dkim} /> },
        { head: "DMARC", cell: (a) => <Verdict word={a.dmarc} /> },
      ]} />}
    </Card>
  );
}

export function LinksCard({ links }: { links: Link[] }) {
  const rows = [...links].sort((a, b) => Number(b.differs) - Number(a.differs));
  return (
    <Card id="links" title={t("mails.links")} caption={t("mails.links_caption")}>
      {rows.length === 0 ? <Empty>{t("mails.no_links")}</Empty> : <Table label={t("mails.links")} rows={rows} id={(l) => rows.indexOf(l)} columns={[
        { head: t("mails.shown"), class: "card-wide", cell: (l) => <Inert text={l.shown} /> },
        { head: t("mails.goes"), title: true, class: "grow-cell", cell: (l) => <span class="mono"><Inert text={l.url} /></span> },
        { head: t("mails.host"), class: "card-wide", cell: (l) => <><b><Inert text={l.host} /></b>{l.differs && <> <Mark kind="must">{t("mails.differs")}</Mark></>}</> },
      ]} />}
    </Card>
  );
}

export function FilesCard({ files }: { files: Attached[] }) {
  return (
    <Card id="files" title={t("mails.files")} caption={t("mails.files_caption")}>
      {files.length === 0 ? <Empty>{t("mails.no_files")}</Empty> : files.map((f) => (
        <div class="card-body" key={f.sha256}><Facts rows={[
          [t("mails.file"), <><b><Inert text={f.name} /></b>{f.misnamed && <> <Mark kind="must">{t("mails.misnamed")}</Mark></>}</>],
          [t("mails.type"), <Inert text={f.type} />],
          [t("mails.looks"), f.looks ? <Inert text={f.looks} /> : t("word.unknown")],
          [t("mails.bytes"), number(f.bytes)],
          ["SHA-256", <span class="mono inert">{f.sha256}</span>],
        ]} /></div>))}
    </Card>
  );
}

/** The nearest server wrote the first line; who sent it may have written the others. */
export function WayCard({ received }: { received: string[] }) {
  return (
    <Card id="way" title={t("mails.way")} caption={t("mails.way_caption")}>
      {received.length === 0 ? <Empty>{t("mails.no_way")}</Empty> : <ol class="lines mail-way">{received.map((r) => <li><RawLine text={r} /></li>)}</ol>}
    </Card>
  );
}

export function TextCard({ text }: { text: string }) {
  return <Card id="text" title={t("mails.text")} caption={t("mails.text_caption")}>{text ? <div class="card-body">{text.split("\n").map((line) => <RawLine text={line || " "} />)}</div> : <Empty>{t("mails.no_text")}</Empty>}</Card>;
}
