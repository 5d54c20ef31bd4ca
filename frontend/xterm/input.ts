// What the emulator sends: input of the user, or replies that it makes by itself (positions, attributes, modes,
// colours, focus). Only input counts as activity, so a program must not be able to cause it.

import type { Terminal } from "@xterm/xterm";

export interface InputEvents {
  input(bytes: Uint8Array): void;
  reply(bytes: Uint8Array): void;
}

type UserInput = (listener: () => void) => unknown;

/** The internal event that precedes data caused by the user. The public interface does not distinguish. */
function userInput(term: Terminal): UserInput {
  const { _core } = term as unknown as { _core?: { coreService?: { onUserInput?: UserInput } } };
  const event = _core?.coreService?.onUserInput;
  if (typeof event !== "function") throw new Error("This version of xterm has no coreService.onUserInput.");
  return event;
}

/** Throws when this version of xterm cannot distinguish input from replies. */
export function bindInput(term: Terminal, events: InputEvents): void {
  const encoder = new TextEncoder();
  let byUser = false;
  userInput(term)(() => {
    byUser = true;
  });
  term.onData((text) => {
    const send = byUser ? "input" : "reply";
    byUser = false;
    events[send](encoder.encode(text));
  });
  // Mouse reports of the encodings that are not UTF-8.
  term.onBinary((text) => events.input(Uint8Array.from(text, (char) => char.charCodeAt(0))));
}
