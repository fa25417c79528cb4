import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The room serves ui/dist under a strict CSP, so nothing may be inlined into the page: no data: URIs,
// no inline module preload. `npm run dev` proxies the API to a room of one's own (KIZUKI_ROOM).
export default defineConfig({
  base: "/",
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
