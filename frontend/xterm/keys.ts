// Keys that belong to the page and not to the shell. Everything else goes through.

import type { Terminal } from "@xterm/xterm";

export interface KeyActions {
  copy(): boolean;
  ask(what: "leave" | "search"): void;
}

/** Keys a browser closes the tab or opens windows with; kept for the shell in full screen, where it is allowed. */
const KEPT_IN_FULL_SCREEN = ["KeyW", "KeyT", "KeyN", "Escape"];

interface KeyboardLock {
  lock(keys: string[]): Promise<void>;
  unlock(): void;
}

/** Returns how to stop. */
export function bindKeys(term: Terminal, actions: KeyActions): () => void {
  term.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    const ctrl = event.ctrlKey && !event.altKey && !event.metaKey;
    if (!ctrl) return true;
    const take = (): false => {
      event.preventDefault();
      return false;
    };
    // Two ways out, because some systems keep the second one for themselves.
    if (event.code === "F6" || (event.shiftKey && event.code === "Escape")) {
      actions.ask("leave");
      return take();
    }
    if (event.shiftKey && event.code === "KeyC") {
      actions.copy();
      return take();
    }
    if (event.shiftKey && event.code === "KeyF") {
      actions.ask("search");
      return take();
    }
    // The browser's own paste event follows; see paste.ts.
    if (event.shiftKey && event.code === "KeyV") return false;
    if (!event.shiftKey && event.code === "KeyC" && term.hasSelection()) {
      actions.copy();
      term.clearSelection();
      return take();
    }
    return true;
  });
  const keyboard = (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard;
  const onFullScreen = (): void => {
    if (document.fullscreenElement) keyboard?.lock(KEPT_IN_FULL_SCREEN).catch(() => undefined);
    else keyboard?.unlock();
  };
  document.addEventListener("fullscreenchange", onFullScreen);
  return () => document.removeEventListener("fullscreenchange", onFullScreen);
}
