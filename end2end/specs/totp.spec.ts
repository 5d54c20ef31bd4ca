// The authenticator of the tests against the published test vectors.
import { expect, test } from "@playwright/test";

import { Authenticator, base32, hotp, stepAt } from "../fixtures/totp";

test("RFC 4226 appendix D and RFC 6238 appendix B (SHA-1)", () => {
  const secret = Buffer.from("12345678901234567890");
  const counted = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  expect(counted.map((_, counter) => hotp(secret, counter))).toEqual(counted);
  const timed: [number, string][] = [
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ];
  for (const [seconds, code] of timed) expect(hotp(secret, stepAt(seconds * 1000), 8)).toBe(code);
});

test("RFC 4648 base32, in copied groups", () => {
  expect(base32("MZXW6YTBOI").toString()).toBe("foobar");
  expect(base32("mzxw 6ytb oi==").toString()).toBe("foobar");
  expect(() => base32("0189")).toThrow();
});

test("steps are returned once and in order", async () => {
  const authenticator = new Authenticator("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  // The previous step and this one, without a margin: nothing waits for the clock.
  await authenticator.nextCode(0);
  const first = authenticator.lastStep;
  await authenticator.nextCode(0);
  expect(authenticator.lastStep).toBeGreaterThan(first);
  expect(authenticator.codeOf(stepAt(Date.now()))).not.toBe(authenticator.wrongCode());
});
