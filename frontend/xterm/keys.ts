// Keys that the page handles instead of the shell.

import type { Terminal } from "@xterm/xterm";

export interface KeyActions {
  copy(): boolean;
  notify(name: "leave" | "search"): void;
}

/** Keys with a meaning for the browser; locked for the shell in full screen, where the Keyboard Lock API allows it. */
const FULL_SCREEN_KEYS = ["KeyW", "KeyT", "KeyN", "Escape"];

interface KeyboardLock {
  lock(keys: string[]): Promise<void>;
  unlock(): void;
}

/** Returns a function that removes the listeners. */
export function bindKeys(term: Terminal, actions: KeyActions): () => void {
  term.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    const ctrl = event.ctrlKey && !event.altKey && !event.metaKey;
    if (!ctrl) return true;
    const handled = (): false => {
      event.preventDefault();
      return false;
    };
    // Two key bindings, because some systems reserve the second one.
    if (event.code === "F6" || (event.shiftKey && event.code === "Escape")) {
      actions.notify("leave");
      return handled();
    }
    if (event.shiftKey && event.code === "KeyC") {
      actions.copy();
      return handled();
    }
    if (event.shiftKey && event.code === "KeyF") {
      actions.notify("search");
      return handled();
    }
    // The browser's own paste event follows; see paste.ts.
    if (event.shiftKey && event.code === "KeyV") return false;
    if (!event.shiftKey && event.code === "KeyC" && term.hasSelection()) {
      actions.copy();
      term.clearSelection();
      return handled();
    }
    return true;
  });
  const keyboard = (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard;
  const onFullScreen = (): void => {
    if (document.fullscreenElement) keyboard?.lock(FULL_SCREEN_KEYS).catch(() => undefined);
    else keyboard?.unlock();
  };
  document.addEventListener("fullscreenchange", onFullScreen);
  return () => document.removeEventListener("fullscreenchange", onFullScreen);
}
