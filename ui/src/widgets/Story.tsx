import { blocks, pieces } from "../lib/story";
import { t } from "../state/text";
import { Terms, TermsOf } from "./Terms";

function Line({ text, seen }: { text: string; seen: Set<string> }) {
  return <>{pieces(text).map((p) => (p.as === "code" ? <code>{p.text}</code> : p.as === "b" ? <b><Terms text={p.text} seen={seen} /></b> : <Terms text={p.text} seen={seen} />))}</>;
}

export function Story({ text }: { text: string | null }) {
  const seen = new Set<string>(); /* a word is explained where it comes first */
  if (!text) return <p class="ink2">{t("packs.no_story")}</p>;
  return (
    <div class="story"><TermsOf text={text.replace(/\*\*|`/g, "")} />{blocks(text).map((b) => {
      if (b.kind === "h") return b.level === 1 ? null : b.level === 2 ? <h3>{b.text}</h3> : <h4>{b.text}</h4>;
      if (b.kind === "p") return <p><Line text={b.text} seen={seen} /></p>;
      const items = b.items.map((i) => <li><Line text={i} seen={seen} /></li>);
      return b.kind === "ul" ? <ul>{items}</ul> : <ol>{items}</ol>;
    })}</div>
  );
}
