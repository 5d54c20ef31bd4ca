// The terminal emulator as the page uses it: xterm with its addons behind a small surface of our own.
// It refuses to know the socket and the protocol: bytes come in, bytes go out. What programs in the terminal may not do
// to the person (clipboard, links, titles) is decided here.

import { FitAddon } from "@xterm/addon-fit";
import { type ISearchDecorationOptions, SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";

import { followAppearance, readTheme } from "./appearance";
import { bindKeys } from "./keys";
import { linkHandler, type LinkTip, makeLinkTip, openLink } from "./links";
import { allowStyles } from "./nonce";
import { bindPaste, pasteText } from "./paste";
import { bindTouch } from "./touch";

/** Between a letter and what is behind it (WCAG 2.2, 1.4.3). */
const CONTRAST_RATIO_MIN = 4.5;

/** What the page is told. */
export interface Events {
  input(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  selected(any: boolean): void;
  found(index: number, count: number): void;
  /** "leave", "search", "bell", "copied", "clipboard" (a program's write was refused), "paste" (the browser refused its clipboard). */
  asked(what: string): void;
}

/** Lines kept above the screen. */
const SCROLLBACK_LINES = 10_000;
/** A resize is told after the size stood still this long. */
const RESIZE_SETTLE_MS = 80;
/** The font must not keep the terminal waiting for longer. */
const FONT_WAIT_MS = 1_500;

export const FONT_FAMILY = '"JetBrains Mono", ui-monospace, "DejaVu Sans Mono", monospace';

/** Read access for the owner of the page, also used by tests: `element.rexecTerminal`. Gone as soon as it is locked. */
export interface Reader {
  /** Everything in the buffer, one string per line. */
  lines(): string[];
  /** The same as one text, without the blank lines at the end. */
  text(): string;
  /** The lines that are scrolled into sight. */
  shown(): string[];
  /** Columns and rows. */
  size(): { cols: number; rows: number };
  /** Which renderer draws: "webgl" or "dom". */
  renderer(): string;
}

export type Host = HTMLElement & { rexecTerminal?: Reader };

/** Waits for the font: the cells are measured with it. */
export async function prepare(fontPx: number): Promise<void> {
  const font = document.fonts.load(`${fontPx}px "JetBrains Mono"`).catch(() => undefined);
  await Promise.race([font, new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS))]);
}

/** The terminal inside `host`, at once: whoever has waited may not want it any more. */
export function createTerminal(host: Host, fontPx: number, events: Events): RexecTerminal {
  allowStyles();
  return new RexecTerminal(host, fontPx, events);
}

export class RexecTerminal {
  /** The emulator itself; the page calls on it what needs nothing of ours around it. */
  readonly term: Terminal;
  private readonly fit = new FitAddon();
  private readonly search = new SearchAddon();
  private readonly tip: LinkTip;
  private readonly undo: (() => void)[] = [];
  private webgl: WebglAddon | undefined;
  /** What is searched for; its marks have the colours of the appearance they were made in. */
  private sought = "";
  private settle: number | undefined;
  /** While a screen of another size is written; that size is not the person's. */
  private foreign = false;
  private gone = false;

  constructor(
    private readonly host: Host,
    fontPx: number,
    private readonly events: Events,
  ) {
    this.tip = makeLinkTip(host);
    this.term = new Terminal({
      allowProposedApi: true, // unicode 11 and the search decorations ask for it
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

  /** Feeds bytes; `parsed` runs when the screen has taken them in. */
  write(bytes: Uint8Array, parsed: () => void): void {
    this.term.write(bytes, parsed);
  }

  /** A whole screen in the place of this one. It is written at the size it was made for, then wrapped to the size here. */
  redraw(bytes: Uint8Array, cols: number, rows: number, parsed: () => void): void {
    // At its turn: what was written before is parsed first, and until it is whole nothing fits it to the window.
    this.term.write("", () => {
      if (this.gone) return;
      this.foreign = true;
      this.term.reset();
      if (cols > 0 && rows > 0) this.term.resize(cols, rows);
    });
    this.term.write(bytes, () => {
      this.foreign = false;
      this.fitWindow();
      this.tellSize();
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
    // Absent where the page came over plain HTTP from another machine.
    if (!("clipboard" in navigator)) return document.execCommand("copy");
    navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
    return true;
  }

  /** Copies the selection or, as a finger selects nothing, what is shown; and says how that went. */
  copyShown(): void {
    const { term } = this;
    const chosen = term.hasSelection();
    const top = term.buffer.active.viewportY;
    if (!chosen) term.selectLines(top, top + term.rows - 1);
    const text = term.getSelection().trimEnd();
    const tell = (copied: boolean): void => this.events.asked(copied ? "copied" : "paste");
    if ("clipboard" in navigator) navigator.clipboard.writeText(text).then(() => tell(true), () => tell(false));
    else tell(this.copy());
    if (!chosen) term.clearSelection();
  }

  /** Reads the clipboard on the person's own request and pastes it whole. */
  pasteClipboard(): void {
    if (!("clipboard" in navigator)) return this.events.asked("paste");
    navigator.clipboard
      .readText()
      .then((text) => pasteText(this.term, text))
      .catch(() => this.events.asked("paste"));
    this.term.focus();
  }

  find(text: string, backwards: boolean): void {
    if (text === "") return this.endSearch();
    this.sought = text;
    const decorations = this.marks();
    if (backwards) this.search.findPrevious(text, { decorations });
    else this.search.findNext(text, { decorations });
  }

  endSearch(): void {
    this.sought = "";
    this.search.clearDecorations();
    this.term.clearSelection();
  }

  private fitWindow(): void {
    if (!this.foreign && !this.gone) this.fit.fit();
  }

  private tellSize(): void {
    if (!this.foreign && !this.gone) this.events.resize(this.term.cols, this.term.rows);
  }

  private recolour(): void {
    this.term.options.theme = readTheme(this.host);
    const sought = this.sought;
    if (sought === "") return;
    // Marks that exist keep their colours: made anew, with the same match chosen.
    this.search.clearDecorations();
    this.search.findNext(sought, { decorations: this.marks(), incremental: true });
  }

  private marks(): ISearchDecorationOptions {
    const style = getComputedStyle(this.host);
    const [match, chosen] = ["--term-match", "--term-match-active"].map((name) => style.getPropertyValue(name).trim()) as [string, string];
    return {
      matchBackground: match,
      matchOverviewRuler: match,
      activeMatchBackground: chosen,
      activeMatchColorOverviewRuler: chosen,
    };
  }

  /** Removes the emulator and every byte it held from the page. */
  dispose(): void {
    this.gone = true;
    clearTimeout(this.settle);
    for (const undo of this.undo.splice(0)) undo();
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
    this.fit.fit(); // after the renderer is chosen: each has its own width of a cell
  }

  /** Last, and only where it works: without it the terminal is drawn with elements. */
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
      // Programs choose colours for one background and are read on another: what could not be read is made darker or lighter
      // (WCAG AA). Drawn with elements it would take style attributes, which the page's policy forbids.
      this.term.options.minimumContrastRatio = CONTRAST_RATIO_MIN;
    } catch {
      this.webgl = undefined;
    }
  }

  private bind(): void {
    const { term, events, host } = this;
    const encoder = new TextEncoder();
    term.onData((text) => events.input(encoder.encode(text)));
    term.onBinary((text) => events.input(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    term.onResize(() => this.tellSize());
    term.onSelectionChange(() => events.selected(term.hasSelection()));
    term.onBell(() => events.asked("bell"));
    this.search.onDidChangeResults(({ resultIndex, resultCount }) => events.found(resultIndex, resultCount));
    // OSC 52: reading the clipboard is never answered; writing it needs the person, who is told.
    term.parser.registerOscHandler(52, (data) => {
      if (!data.endsWith(";?")) events.asked("clipboard");
      return true;
    });
    this.undo.push(bindKeys(term, { copy: () => this.copy(), ask: (what) => events.asked(what) }));
    this.undo.push(bindPaste(host, term));
    this.undo.push(bindTouch(host, term));
    this.undo.push(followAppearance(() => this.recolour()));
    const observer = new ResizeObserver(() => {
      clearTimeout(this.settle);
      this.settle = window.setTimeout(() => this.fitWindow(), RESIZE_SETTLE_MS);
    });
    observer.observe(host);
    this.undo.push(() => observer.disconnect());
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
