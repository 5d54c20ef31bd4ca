// The terminal emulator: xterm with its addons behind a small interface. It takes and produces bytes; socket and
// protocol are handled elsewhere. The limits on what programs in the terminal may do in the page (clipboard, links,
// titles) are set here.

import { FitAddon } from "@xterm/addon-fit";
import { type ISearchDecorationOptions, SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";

import { followAppearance, readTheme } from "./appearance";
import { bindInput, type InputEvents } from "./input";
import { bindKeys } from "./keys";
import { linkHandler, type LinkTip, makeLinkTip, openLink } from "./links";
import { allowStyles } from "./nonce";
import { bindPaste, pasteText } from "./paste";
import { bindTouch } from "./touch";

/** Minimum contrast between text and background (WCAG 2.2, 1.4.3). */
const CONTRAST_RATIO_MIN = 4.5;

/** Callbacks for the page. */
export interface Events extends InputEvents {
  resize(cols: number, rows: number): void;
  selected(any: boolean): void;
  searchResult(index: number, count: number): void;
  /**
   * "leave", "search", "bell", "copied", "clipboard" (a program's write was blocked) or "paste" (the browser denied
   * access to the clipboard).
   */
  notify(name: string): void;
}

/** Lines of scrollback. */
const SCROLLBACK_LINES = 10_000;
/** A resize is applied after the size was stable for this long. */
const RESIZE_SETTLE_MS = 80;
/** Maximum time to wait for the font. */
const FONT_WAIT_MS = 1_500;

export const FONT_FAMILY = '"JetBrains Mono", ui-monospace, "DejaVu Sans Mono", monospace';

/** Read access for scripts and tests: `element.rexecTerminal`. Removed together with the content. */
export interface Reader {
  /** Everything in the buffer, one string per line. */
  lines(): string[];
  /** The same as one text, without the blank lines at the end. */
  text(): string;
  /** The visible lines. */
  shown(): string[];
  /** Columns and rows. */
  size(): { cols: number; rows: number };
  /** The renderer: "webgl" or "dom". */
  renderer(): string;
}

export type Host = HTMLElement & { rexecTerminal?: Reader };

/** Waits for the font, which determines the cell size. */
export async function prepare(fontPx: number): Promise<void> {
  const font = document.fonts.load(`${fontPx}px "JetBrains Mono"`).catch(() => undefined);
  await Promise.race([font, new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS))]);
}

/** Creates the terminal inside `host`. Synchronous: the caller checks after `prepare` whether it is still needed. */
export function createTerminal(host: Host, fontPx: number, events: Events): RexecTerminal {
  allowStyles();
  return new RexecTerminal(host, fontPx, events);
}

export class RexecTerminal {
  /** The emulator itself, for calls that need no wrapper. */
  readonly term: Terminal;
  private readonly fit = new FitAddon();
  private readonly search = new SearchAddon();
  private readonly tip: LinkTip;
  private readonly cleanups: (() => void)[] = [];
  private webgl: WebglAddon | undefined;
  /** The search text. Its decorations keep the colours they were created with. */
  private searchText = "";
  private resizeTimer: number | undefined;
  /** A snapshot of another size is being written; its size is not reported. */
  private writingSnapshot = false;
  private disposed = false;

  constructor(
    private readonly host: Host,
    fontPx: number,
    private readonly events: Events,
  ) {
    this.tip = makeLinkTip(host);
    this.term = new Terminal({
      allowProposedApi: true, // required by unicode 11 and search decorations
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: FONT_FAMILY,
      fontSize: fontPx,
      lineHeight: 1.15,
      linkHandler: linkHandler(this.tip),
      macOptionIsMeta: true,
      minimumContrastRatio: 1,
      rightClickSelectsWord: false,
      scrollback: SCROLLBACK_LINES,
      theme: readTheme(host),
    });
    this.load();
    this.bind();
    this.expose();
  }

  /** Writes bytes; `parsed` is called when they are parsed. */
  write(bytes: Uint8Array, parsed: () => void): void {
    this.term.write(bytes, parsed);
  }

  /**
   * Replaces the screen by a snapshot. It is written at the size it was rendered for, then reflowed to the current
   * size.
   */
  redraw(bytes: Uint8Array, cols: number, rows: number, parsed: () => void): void {
    // Queued as a write, so that earlier writes are parsed first. Until the snapshot is complete, its size is kept.
    this.term.write("", () => {
      if (this.disposed) return;
      this.writingSnapshot = true;
      this.term.reset();
      if (cols > 0 && rows > 0) this.term.resize(cols, rows);
    });
    this.term.write(bytes, () => {
      this.writingSnapshot = false;
      this.fitWindow();
      this.reportSize();
      parsed();
    });
  }

  setFont(px: number): void {
    this.term.options.fontSize = px;
    this.fitWindow();
  }

  /** Copies the selection; false when there is none. */
  copy(): boolean {
    const text = this.term.getSelection();
    if (text === "") return false;
    this.term.focus();
    // Undefined in insecure contexts (plain HTTP from another machine).
    if (!("clipboard" in navigator)) return document.execCommand("copy");
    navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
    return true;
  }

  /** Copies the selection, or the visible lines when there is none (touch cannot select), and reports the result. */
  copyVisible(): void {
    const { term } = this;
    const selected = term.hasSelection();
    const top = term.buffer.active.viewportY;
    if (!selected) term.selectLines(top, top + term.rows - 1);
    const text = term.getSelection().trimEnd();
    const report = (copied: boolean): void => this.events.notify(copied ? "copied" : "paste");
    if ("clipboard" in navigator) navigator.clipboard.writeText(text).then(() => report(true), () => report(false));
    else report(this.copy());
    if (!selected) term.clearSelection();
  }

  /** Pastes the clipboard on the user's request. */
  pasteClipboard(): void {
    if (!("clipboard" in navigator)) return this.events.notify("paste");
    navigator.clipboard
      .readText()
      .then((text) => pasteText(this.term, text))
      .catch(() => this.events.notify("paste"));
    this.term.focus();
  }

  find(text: string, backwards: boolean): void {
    if (text === "") return this.endSearch();
    this.searchText = text;
    const decorations = this.decorations();
    if (backwards) this.search.findPrevious(text, { decorations });
    else this.search.findNext(text, { decorations });
  }

  endSearch(): void {
    this.searchText = "";
    this.search.clearDecorations();
    this.term.clearSelection();
  }

  private fitWindow(): void {
    if (!this.writingSnapshot && !this.disposed) this.fit.fit();
  }

  private reportSize(): void {
    if (!this.writingSnapshot && !this.disposed) this.events.resize(this.term.cols, this.term.rows);
  }

  private applyTheme(): void {
    this.term.options.theme = readTheme(this.host);
    const text = this.searchText;
    if (text === "") return;
    // Existing decorations keep their colours, so they are created again with the same active match.
    this.search.clearDecorations();
    this.search.findNext(text, { decorations: this.decorations(), incremental: true });
  }

  private decorations(): ISearchDecorationOptions {
    const style = getComputedStyle(this.host);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const [match, active] = [colour("--term-match"), colour("--term-match-active")];
    return {
      matchBackground: match,
      matchOverviewRuler: match,
      activeMatchBackground: active,
      activeMatchColorOverviewRuler: active,
    };
  }

  /** Removes the emulator and its content from the page. */
  dispose(): void {
    this.disposed = true;
    clearTimeout(this.resizeTimer);
    for (const cleanup of this.cleanups.splice(0)) cleanup();
    delete this.host.rexecTerminal;
    this.term.reset();
    this.term.dispose();
    this.host.replaceChildren();
  }

  private load(): void {
    const { term } = this;
    term.loadAddon(this.fit);
    term.loadAddon(this.search);
    term.loadAddon(new Unicode11Addon());
    term.unicode.activeVersion = "11";
    term.loadAddon(new WebLinksAddon((_, uri) => openLink(uri), this.tip.options));
    term.open(this.host);
    this.loadWebgl();
    this.fit.fit(); // after the renderer is loaded: the cell width depends on it
  }

  /** Loads the WebGL renderer where it works; otherwise xterm renders DOM elements. */
  private loadWebgl(): void {
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => {
        this.term.options.minimumContrastRatio = 1;
        webgl.dispose();
        this.webgl = undefined;
      });
      this.term.loadAddon(webgl);
      this.webgl = webgl;
      // Programs choose colours for an unknown background; colours with too little contrast are adjusted (WCAG AA). The
      // DOM renderer would need style attributes for this, which the content security policy forbids.
      this.term.options.minimumContrastRatio = CONTRAST_RATIO_MIN;
    } catch {
      this.webgl = undefined;
    }
  }

  private bind(): void {
    const { term, events, host } = this;
    bindInput(term, events);
    term.onResize(() => this.reportSize());
    term.onSelectionChange(() => events.selected(term.hasSelection()));
    term.onBell(() => events.notify("bell"));
    this.search.onDidChangeResults(({ resultIndex, resultCount }) => events.searchResult(resultIndex, resultCount));
    // OSC 52: reading the clipboard is ignored; writing it is blocked and reported to the user.
    term.parser.registerOscHandler(52, (data) => {
      if (!data.endsWith(";?")) events.notify("clipboard");
      return true;
    });
    this.cleanups.push(bindKeys(term, { copy: () => this.copy(), notify: (name) => events.notify(name) }));
    this.cleanups.push(bindPaste(host, term));
    this.cleanups.push(bindTouch(host, term));
    this.cleanups.push(followAppearance(() => this.applyTheme()));
    const observer = new ResizeObserver(() => {
      clearTimeout(this.resizeTimer);
      this.resizeTimer = window.setTimeout(() => this.fitWindow(), RESIZE_SETTLE_MS);
    });
    observer.observe(host);
    this.cleanups.push(() => observer.disconnect());
  }

  private expose(): void {
    const { term } = this;
    const lines = (): string[] => {
      const buffer = term.buffer.active;
      return Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? "");
    };
    this.host.rexecTerminal = {
      lines,
      text: () => lines().join("\n").trimEnd(),
      shown: () => lines().slice(term.buffer.active.viewportY).slice(0, term.rows),
      size: () => ({ cols: term.cols, rows: term.rows }),
      renderer: () => (this.webgl ? "webgl" : "dom"),
    };
  }
}
