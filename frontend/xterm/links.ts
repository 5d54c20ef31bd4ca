// Links in terminal output. Output is untrusted: only http and https links open, the target address is shown on hover,
// and the opened page gets neither the referrer nor a reference to this one.

import type { ILinkHandler } from "@xterm/xterm";
import type { ILinkProviderOptions } from "@xterm/addon-web-links";

/** A line at the bottom of the terminal that shows the target of a link. */
export interface LinkTip {
  show(uri: string): void;
  hide(): void;
  options: ILinkProviderOptions;
}

export function makeLinkTip(host: HTMLElement): LinkTip {
  const tip = document.createElement("div");
  tip.className = "link-tip";
  tip.hidden = true;
  host.append(tip);
  const show = (uri: string): void => {
    tip.textContent = safeUrl(uri)?.href ?? `Not a web address, so it does not open: ${uri}`;
    tip.hidden = false;
  };
  const hide = (): void => {
    tip.hidden = true;
  };
  return { show, hide, options: { hover: (_, uri) => show(uri), leave: hide } };
}

/** Handler of hyperlinks that programs mark themselves (OSC 8). */
export function linkHandler(tip: LinkTip): ILinkHandler {
  return {
    activate: (_, uri) => openLink(uri),
    hover: (_, uri) => tip.show(uri),
    leave: () => tip.hide(),
    allowNonHttpProtocols: false,
  };
}

export function openLink(uri: string): void {
  const url = safeUrl(uri);
  if (url) window.open(url.href, "_blank", "noopener,noreferrer");
}

function safeUrl(uri: string): URL | undefined {
  try {
    const url = new URL(uri);
    return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
  } catch {
    return undefined;
  }
}
