import { expect, test } from "vitest";
import { decodeText } from "./encoding";

const bytes = (...b: number[]) => new Uint8Array(b).buffer;

test("files in the encodings Japanese programs write are read", () => {
  expect(decodeText(bytes(0xe5, 0x80, 0xa4))).toBe("値");
  expect(decodeText(bytes(0x92, 0x6c, 0x2c, 0x31))).toBe("値,1");
  expect(decodeText(bytes(0xff, 0xfe, 0x24, 0x50))).toBe("値");
});
