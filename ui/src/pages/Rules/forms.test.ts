import { describe, expect, it } from "vitest";
import { badName, dayInJapan, exceptionFaults, nameOf, suppressFaults, watchFaults } from "./forms";

const GOOD = { where: [{ field: "source.ip", value: "192.0.2.7" }], until: "2026-12-31", owner: "佐藤", reason: "監視" };
const faults = (x: Partial<typeof GOOD>) => exceptionFaults({ ...GOOD, ...x }, "2026-11-23");

describe("an exception before it is tried", () => {
  it("is whole with field, value, last day, owner and reason", () => expect(faults({})).toEqual([]));
  it("says each thing that is missing, in the order of the form", () => {
    expect(faults({ where: [{ field: "source.ip", value: " " }], until: "", owner: " ", reason: "" })).toEqual(["where", "until", "owner", "reason"]);
  });
  it("leaves out empty rows, not half ones", () => {
    expect(faults({ where: [...GOOD.where, { field: "", value: "" }] })).toEqual([]);
    expect(faults({ where: [...GOOD.where, { field: "user.name", value: "" }] })).toEqual(["where"]);
  });
  it("needs no fields where the whole rule is switched off", () => expect(exceptionFaults({ ...GOOD, where: "whole" }, "2026-11-23")).toEqual([]));
  it("does not hide everything", () => expect(faults({ where: [{ field: "source.ip", value: "*" }] })).toEqual(["star"]));
  it("ends from today on, within a year", () => {
    expect(faults({ until: "2026-11-23" })).toEqual([]);
    expect(faults({ until: "2026-11-22" })).toEqual(["until_past"]);
    expect(faults({ until: "2027-11-24" })).toEqual([]);
    expect(faults({ until: "2027-11-25" })).toEqual(["until_far"]);
  });
});

describe("names of rule sets", () => {
  it("are taken from the file as far as they can be", () => {
    expect(nameOf("sigma_core.zip")).toBe("sigma_core");
    expect(nameOf("SigmaHQ sigma (core) 2026.ZIP")).toBe("SigmaHQ-sigma-core-2026");
    expect(nameOf("規則.zip")).toBe("");
  });
  it("are letters, digits, - and _", () => {
    for (const bad of ["", "-a", "a/b", "../a", "a b", "x".repeat(65)]) expect(badName(bad)).toBe(true);
    for (const good of ["a", "sigma-core_2", "x".repeat(64)]) expect(badName(good)).toBe(false);
  });
});

it("a day is Japan's: exceptions end with it", () => {
  expect(dayInJapan(Date.parse("2026-11-22T15:00:00Z"))).toBe("2026-11-23");
  expect(dayInJapan(Date.parse("2026-11-22T14:59:59Z"))).toBe("2026-11-22");
});
it("repeats need somebody and a reason", () => expect(suppressFaults({ span: "24h", owner: "", reason: "x" })).toEqual(["owner"]));

describe("an outsourced watch before it is named", () => {
  it("has a name and an address with a port", () => {
    for (const at of ["192.0.2.20:514", "soc.example.net:6514", "[2001:db8::1]:514"]) expect(watchFaults({ name: "night-watch", at })).toEqual([]);
  });
  it("says what is wrong", () => {
    expect(watchFaults({ name: "夜の番; rm", at: "" })).toEqual(["name", "at"]);
    for (const at of ["192.0.2.20", "192.0.2.20:0", "192.0.2.20:65536", "/etc/passwd", "a b:1", "2001:db8::1:514"]) expect(watchFaults({ name: "a", at })).toEqual(["at"]);
  });
});
