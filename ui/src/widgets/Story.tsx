import { blocks } from "../lib/story";
import { t } from "../state/text";
import { Terms, TermsOf } from "./Terms";

export function Story({ text }: { text: string | null }) {
  const seen = new Set<string>(); /* a word is explained where it comes first */
  if (!text) return <p class="ink2">{t("packs.no_story")}</p>;
  return (
    <div class="story"><TermsOf text={text} />{blocks(text).map((b) => {
      if (b.kind === "h") return b.level === 1 ? null : b.level === 2 ? <h3>{b.text}</h3> : <h4>{b.text}</h4>;
      if (b.kind === "p") return <p><Terms text={b.text} seen={seen} /></p>;
      const items = b.items.map((i) => <li><Terms text={i} seen={seen} /></li>);
      return b.kind === "ul" ? <ul>{items}</ul> : <ol>{items}</ol>;
    })}</div>
  );
}
