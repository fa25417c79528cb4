import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** texts:glossary is content/glossary.yml: rows of JSON behind "- ". */
function glossary() {
  const id = "\0glossary.js", file = here("../content/glossary.yml");
  return {
    name: "glossary",
    resolveId: (x: string) => (x === "glossary:rows" ? id : null),
    load(this: { addWatchFile: (f: string) => void }, x: string) {
      if (x !== id) return null;
      this.addWatchFile(file);
      const rows = readFileSync(file, "utf8").split("\n").filter((l) => l.startsWith("- ")).map((l) => JSON.parse(l.slice(2)) as unknown);
      return `export default ${JSON.stringify(rows)}`;
    },
  };
}

/** texts:ja has what the first pages and the room say, texts:later-ja the rest (src/state/later.json): two halves of one catalogue. */
function texts() {
  const NAME = /^\0texts\/(later-)?(ja|en)\.js$/;
  return {
    name: "texts",
    resolveId: (id: string) => (id.startsWith("texts:") ? `\0texts/${id.slice(6)}.js` : null),
    load(this: { addWatchFile: (f: string) => void }, id: string) {
      const m = NAME.exec(id);
      if (!m) return null;
      const file = here(`../content/texts/${m[2]}.json`), later = new Set(JSON.parse(readFileSync(here("src/state/later.json"), "utf8")) as string[]);
      this.addWatchFile(file);
      const all = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>);
      return `export default ${JSON.stringify(Object.fromEntries(all.filter(([k]) => later.has(k.split(".", 1)[0] ?? "") === (m[1] !== undefined))))}`;
    },
  };
}

// The room serves ui/dist under a strict CSP, so nothing may be inlined into the page: no data: URIs,
// no inline module preload. `npm run dev` proxies the API to a room of one's own (KIZUKI_ROOM).
export default defineConfig({
  base: "/",
  plugins: [texts(), glossary()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  resolve: { alias: { "@content": fileURLToPath(new URL("../content", import.meta.url)) } },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: true,
    // A page that comes later is called by its folder: they are all index.tsx.
    rollupOptions: { output: { chunkFileNames: (c) => `assets/${c.name === "index" && c.facadeModuleId ? basename(dirname(c.facadeModuleId)) : "[name]"}-[hash].js` } },
  },
  server: {
    fs: { allow: [".."] },
    proxy: {
      "/api": { target: process.env.KIZUKI_ROOM ?? "https://127.0.0.1:8443", secure: false },
      "/signin": { target: process.env.KIZUKI_ROOM ?? "https://127.0.0.1:8443", secure: false },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
} as Parameters<typeof defineConfig>[0]);
