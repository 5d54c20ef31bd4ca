// An authenticator app: RFC 6238 with SHA-1, 30 s and 6 digits, from the secret the page shows.
import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

const STEP_MILLIS = 30_000;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** A code is not chosen when its step leaves the server's window sooner than this. */
const MARGIN_MILLIS = 10_000;

/** RFC 4648 base32 without padding; blanks are skipped, as people see the secret in groups. */
export function base32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.toUpperCase().replace(/[\s=]/g, "")) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new Error(`not base32: ${letter}`);
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
      held &= (1 << bits) - 1;
    }
  }
  return Buffer.from(bytes);
}

/** RFC 4226 5.3 for one counter, which RFC 6238 calls the step. */
export function hotp(secret: Buffer, counter: number, digits = 6): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", secret).update(message).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** The step an instant lies in. */
export function stepAt(millis: number): number {
  return Math.floor(millis / STEP_MILLIS);
}

/**
 * One enrolled factor. It remembers which step was used last: the server burns a step with its first use and refuses it
 * and every earlier one from then on.
 */
export class Authenticator {
  private readonly secret: Buffer;
  private used = -1;

  constructor(secret: string) {
    this.secret = base32(secret);
    if (this.secret.length < 20) throw new Error(`a secret of ${this.secret.length * 8} bit is too short (RFC 4226 4)`);
  }

  /** The code of a step, without using it. */
  codeOf(step: number): string {
    return hotp(this.secret, step);
  }

  /** The step whose code was handed out last. */
  get lastStep(): number {
    return this.used;
  }

  /**
   * A code the server has not seen: of the step before when it is still unused, else of this one, else of the next. It is good for
   * as many milliseconds as are asked for.
   */
  async nextCode(good = MARGIN_MILLIS): Promise<string> {
    for (;;) {
      const now = Date.now();
      const current = stepAt(now);
      const left = (current + 1) * STEP_MILLIS - now;
      const step = Math.max(this.used + 1, left > good ? current - 1 : current);
      if (step <= current) {
        this.used = step;
        return this.codeOf(step);
      }
      await delay(Math.min(200, left));
    }
  }

  /** A code that fits no step anywhere near now. */
  wrongCode(): string {
    const now = stepAt(Date.now());
    const near = new Set(Array.from({ length: 11 }, (_, i) => this.codeOf(now - 5 + i)));
    for (let n = 0; ; n++) {
      const code = String(n * 7919 % 1_000_000).padStart(6, "0");
      if (!near.has(code)) return code;
    }
  }
}
