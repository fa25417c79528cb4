/// <reference types="vite/client" />

declare module "texts:*" {
  const catalogue: Record<string, string>;
  export default catalogue;
}

declare module "glossary:rows" {
  const rows: { code: string; ja: string; en: string; means_ja: string; means_en: string }[];
  export default rows;
}
