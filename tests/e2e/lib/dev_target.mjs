// The stand-in of dev_api.mjs as a target, for work on the pages without a build of the programs.
import { serve } from "../dev_api.mjs";

export async function devTarget() {
  const full = await serve(0);
  const empty = await serve(0, { empty: true });
  return {
    dev: true, base: full.url, empty: empty.url,
    signIn: async () => {}, signInEmpty: async () => {},
    incident: 112, rule: "5f6c1d0e-5a0b-4a43-9c0e-2d6a1f4b7e21", pack: "nisc-2014-2-account-list",
    stop: async () => { full.server.closeAllConnections(); full.server.close(); empty.server.closeAllConnections(); empty.server.close(); },
  };
}
