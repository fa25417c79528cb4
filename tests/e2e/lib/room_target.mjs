// The real programs as a target: a demonstration that has been played to its end, a second, empty Kizuki as a new
// user sees it, and a third whose pages start a demonstration. All in folders of their own under a temporary one; only processes started here are
// ended.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skip } from "./report.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const KIZUKI = process.env.KIZUKI ?? join(ROOT, "build/kizuki");
const PACK = "nisc-2014-2-account-list";
const READY_MS = 60_000;

/** Starts a command and waits for its address and one-time link. */
export function start(args) {
  const child = spawn(KIZUKI, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ready = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`kizuki ${args[0]} printed no link in ${READY_MS / 1000} s: ${said.slice(-800)}`)), READY_MS);
    const hear = (chunk) => {
      said += chunk;
      const m = /(https:\/\/[^\s/]+)(\/signin\?token=\S+)/.exec(said);
      if (m) { clearTimeout(timer); done({ base: m[1], link: m[1] + m[2] }); }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => { clearTimeout(timer); fail(new Error(`kizuki ${args[0]} ended with ${code}: ${said.slice(-800)}`)); });
  });
  const stop = () => new Promise((done) => {
    if (child.exitCode !== null) return done();
    child.once("exit", done);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5000).unref();
  });
  return { ready, stop };
}

/** A tiny client for setting the stage; the pages themselves are only ever used by the browser. */
export function client(base) {
  let cookie = "", csrf = "";
  const call = (method, path, body) => new Promise((done, fail) => {
    const url = new URL(path.startsWith("/signin") ? path : `/api/v1${path}`, base);
    const headers = { Cookie: cookie, ...(method === "GET" ? {} : { "X-Kizuki-CSRF": csrf, "Content-Type": "application/json" }) };
    const req = request(url, { method, rejectUnauthorized: false, headers }, (res) => {
      let text = "";
      res.on("data", (c) => (text += c));
      res.on("end", () => {
        if (res.headers["set-cookie"]) cookie = res.headers["set-cookie"][0].split(";")[0];
        let json = null;
        try { json = JSON.parse(text); } catch { /* the sign-in page is no JSON */ }
        done({ status: res.statusCode, json });
      });
    });
    req.on("error", fail);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
  return {
    call, cookie: () => cookie,
    signIn: async (link) => {
      await call("GET", link.slice(base.length));
      csrf = (await call("GET", "/me")).json.csrf;
    },
  };
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** Waits until the story is told: a case with stolen accounts, and nothing new for two seconds. */
async function settled(c) {
  let before = "", same = 0;
  for (let i = 0; i < 120; i++) {
    const list = (await c.call("GET", "/incidents?state=all")).json?.incidents ?? [];
    const main = list.toSorted?.((a, b) => b.counts.accounts_tried.n - a.counts.accounts_tried.n)[0] ?? list[0];
    const now = JSON.stringify(list.map((x) => [x.id, x.counts, x.last_activity]));
    same = now === before && main ? same + 1 : 0;
    if (same >= 4) return main;
    before = now;
    await sleep(500);
  }
  throw new Error("the demonstration did not come to rest in 60 s");
}

/** A browser context that carries a session of its own. */
const enter = (base, session) => async (page) => {
  const [name, value] = session.split("=");
  await page.context().addCookies([{ name, value, url: base, httpOnly: true, secure: true, sameSite: "Strict" }]);
};

/** A file source half of whose lines have a form nobody knows. */
function oddSource(folder) {
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "report.log");
  writeFileSync(log, Array.from({ length: 400 }, (_, i) => (i % 2 ? `ﾍﾟｰｼﾞ=${i} job=1${i} st=OK` : `Nov 21 10:${String(i % 60).padStart(2, "0")}:01 rp-03 sshd[2214]: Accepted password for report from 192.0.2.4 port 50022 ssh2`)).join("\n") + "\n");
  writeFileSync(join(folder, "kizuki.yml"), `sources:\n  - {name: 帳票サーバー rp-03, kind: file, path: ${log}, host: rp-03}\n`);
}

export async function roomTarget() {
  if (!existsSync(KIZUKI)) {
    skip("pages against the real programs", `no ${KIZUKI}; build first`);
    return null;
  }
  const dir = mkdtempSync(join(tmpdir(), "kizuki-e2e-"));
  oddSource(join(dir, "host"));
  const demo = start(["demo", "--data", join(dir, "demo"), "--https", "127.0.0.1:0", "--pace", "0"]);
  const fresh = start(["serve", "--data", join(dir, "fresh"), "--https", "127.0.0.1:0", "--syslog", "off", "--no-local-logs"]);
  /* the one whose pages start a demonstration */
  const host = start(["serve", "--data", join(dir, "host"), "--https", "127.0.0.1:0", "--syslog", "off", "--no-local-logs"]);
  const stop = async () => {
    await Promise.all([demo.stop(), fresh.stop(), host.stop()]);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [a, b, c] = await Promise.all([demo.ready, fresh.ready, host.ready]);
    const one = client(a.base), empty = client(b.base), third = client(c.base);
    await one.signIn(a.link);
    await empty.signIn(b.link);
    await third.signIn(c.link);
    const incident = await settled(one);
    const other = client(a.base);
    const person = (await one.call("POST", "/persons", { name: "IT当番", role: "handler", lang: "ja" })).json;
    await other.signIn(a.base + (await one.call("POST", `/persons/${person.id}/link`, {})).json.path);
    const rules = (await one.call("GET", "/rules")).json.rules;
    return {
      dev: false, base: a.base, empty: b.base, host: c.base, demoFolder: join(dir, "host-demo"), hostFolder: join(dir, "host"), kizuki: KIZUKI, usedLink: a.link, stop, api: one,
      signInHost: enter(c.base, third.cookie()), signIn: enter(a.base, one.cookie()), signInOther: enter(a.base, other.cookie()), signInEmpty: enter(b.base, empty.cookie()),
      incident: incident.id, rule: (rules.find((r) => r.kind === "list_attack") ?? rules[0]).id, pack: PACK,
    };
  } catch (e) {
    await stop();
    throw e;
  }
}
