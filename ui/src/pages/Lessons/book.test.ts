import { expect, test } from "vitest";
import { bookHtml, ownChapter } from "./book";

test("a book is one file in which text stays text", () => {
  const page = bookHtml("ja", "事例集", { contents: "目次", lessons: "教訓", measures: "対策" }, [
    { id: "a", title: "<b>A</b>", from: "出所", story: "# A\n## 概要\n文 & 文\n- 一\n- 二", lessons: ["見る"], measures: [] }]);
  expect(page).toContain("&#60;b&#62;A&#60;/b&#62;");
  expect(page).toContain("<h3>概要</h3>\n<p>文 &#38; 文</p>\n<ul><li>一</li><li>二</li></ul>");
  expect(page).toContain("<li>見る</li>");
  expect(page).not.toMatch(/<script|src=|url\(|https?:/);
});

test("a case of one's own is in the book once somebody has agreed to its text", () => {
  const draft = { pack: "case-1", approved: null as string | null, files: [{ path: "story.ja.md", own: false, before: "# 青空電力", after: "# A社" }] };
  expect(ownChapter(draft, "ja", "自組織")).toEqual([]);
  expect(ownChapter({ ...draft, approved: "2026-11-23T00:00:00Z" }, "ja", "自組織")).toMatchObject([{ id: "case-1", title: "A社", story: "# A社" }]);
});
