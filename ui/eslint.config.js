// Walls: pages -> widgets -> state -> api -> lib. A page never imports a page, a widget never a page or the app.
import tseslint from "typescript-eslint";

const wall = (files, groups) => ({
  files,
  rules: {
    "no-restricted-imports": ["error", { patterns: groups.map(([group, message]) => ({ group, message })) }],
  },
});

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.ts"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "max-lines": ["error", 400],
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-globals": ["error", { name: "fetch", message: "all HTTP goes through api/client.ts" }],
    },
  },
  { files: ["src/**/*.test.{ts,tsx}"], rules: { "max-lines-per-function": "off" } },
  { files: ["src/api/client.ts"], rules: { "no-restricted-globals": "off" } },
  wall(["src/pages/**"], [
    [["**/pages/*", "../../app/*", "../[A-Z]*"], "pages never import pages or the app"],
  ]),
  wall(["src/widgets/**"], [[["**/pages/**", "**/app/*"], "widgets know neither pages nor the app"]]),
  wall(["src/state/**"], [[["**/pages/**", "**/app/*", "**/widgets/*"], "state knows no view"]]),
  wall(["src/api/**"], [[["**/pages/**", "**/app/*", "**/widgets/*", "**/state/*"], "api is below state"]]),
  wall(["src/lib/**"], [[["../*"], "lib stands alone"]]),
);
