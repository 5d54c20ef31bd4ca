// Pasting. A text that contains the end marker of a bracketed paste could otherwise end the bracket and run as typed
// input.

import type { Terminal } from "@xterm/xterm";

/** Control characters except tab, line feed and carriage return. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u009f]/g;

export function pasteText(term: Terminal, text: string): void {
  // eslint-disable-next-line no-control-regex
  term.paste(text.replace(/\u001b\[20[01]~/g, "").replace(CONTROLS, ""));
}

/** Handles paste events before the emulator does. Returns a function that removes the listener. */
export function bindPaste(host: HTMLElement, term: Terminal): () => void {
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData("text/plain");
    event.preventDefault();
    event.stopPropagation();
    if (text) pasteText(term, text);
  };
  host.addEventListener("paste", onPaste, true);
  return () => host.removeEventListener("paste", onPaste, true);
}
