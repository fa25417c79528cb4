#!/usr/bin/env node
// For work on the pages only: serves ui/dist and answers /api/v1 with the story of the specification, in the
// shapes of content/api/openapi.json. Nothing here is shipped, nothing is decided here, and the walk through
// the pages runs against the real program. Usage: node tests/e2e/dev_api.mjs [PORT]
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { extname, join, normalize } from "node:path";
import { story } from "./dev_story.mjs";

const DIST = fileURLToPath(new URL("../../ui/dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function serve(port = 0, options = {}) {
  const data = story(options);
  const streams = new Set();
  const server = createServer((req, res) => {
    const url = new URL(req.url, "http://x");
    const send = (status, body) => {
      res.writeHead(status, { "Content-Type": "application/json", "Content-Security-Policy": CSP });
      res.end(JSON.stringify(body));
    };
    if (!url.pathname.startsWith("/api/")) return file(url.pathname, res);
    const path = url.pathname.slice("/api/v1".length);
    if (path === "/stream") {
      res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      res.write(`event: clock\ndata: ${JSON.stringify({ now: data.now(), rate: 1 })}\n\n`);
      streams.add(res);
      res.on("close", () => streams.delete(res));
      return;
    }
    let raw = "";
    req.on("data", (c) => (raw += c));
    req.on("end", () => {
      const [status, body] = data.answer(req.method, path, url.searchParams, raw ? JSON.parse(raw) : null);
      send(status, body);
      if (req.method !== "GET" && status < 300) {
        for (const s of streams) s.write(`event: change\ndata: ${JSON.stringify({ kind: "now", id: null })}\n\n`);
      }
    });
  });
  return new Promise((done) => server.listen(port, "127.0.0.1", () => done({ server, data, url: `http://127.0.0.1:${server.address().port}` })));
}

function file(pathname, res) {
  const name = normalize(pathname === "/" || pathname === "/signin" ? "/index.html" : pathname);
  const full = join(DIST, name);
  if (!full.startsWith(DIST) || !existsSync(full)) {
    res.writeHead(404).end();
    return;
  }
  res.writeHead(200, { "Content-Type": TYPES[extname(full)] ?? "application/octet-stream", "Content-Security-Policy": CSP, "Cache-Control": "no-cache" });
  createReadStream(full).pipe(res);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(Number(process.argv[2] ?? 8480));
  process.stdout.write(`${url}\n`);
}
