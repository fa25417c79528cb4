import { describe, expect, it } from "vitest";
import { rowsOf, stopsWith } from "./Standing";
import { thingPlace } from "./things";
import type { OpenThing } from "../api/types";

const systems = [["db", []], ["auth", ["db"]], ["site", ["auth", "db"]], ["mail", []]].map(([name, on]) => ({ name: name as string, stands_on: on as string[], down: false }));

describe("what stands on what", () => {
  it("stops with what it stands on, and so on", () => {
    expect(stopsWith(systems, "db")).toEqual(["db", "auth", "site"]);
    expect(stopsWith(systems, "auth")).toEqual(["auth", "site"]);
    expect(stopsWith(systems, "mail")).toEqual(["mail"]);
  });
  it("ends where something stands on itself by way of others", () => {
    const loop = [{ name: "a", stands_on: ["b"], down: false }, { name: "b", stands_on: ["a"], down: false }];
    expect(stopsWith(loop, "a")).toEqual(["a", "b"]);
    expect(rowsOf(loop).size).toBe(2);
  });
});

describe("what is open leads to where it is settled", () => {
  const thing = (kind: OpenThing["kind"], about = "") => thingPlace({ kind, id: 7, name: "", name_en: "", about, due: null, late: false, who: "" }, 3);
  it("a step of a playbook to its run, what people wrote to the case", () => {
    expect(thing("task", "12")).toBe("#/runs/12?task=7");
    expect(thing("task")).toBe("#/cases/3/timeline");
  });
  it("others to the tab that settles them", () => {
    expect(thing("obligation")).toBe("#/cases/3/reports");
    expect(thing("campaign")).toBe("#/campaigns/7");
    expect(thing("decision")).toBe("#/cases/3/actions");
    expect(thing("deed_ends")).toBe("#/cases/3/actions");
  });
});
