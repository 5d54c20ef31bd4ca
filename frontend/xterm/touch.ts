// A finger scrolls. The emulator has no touch of its own (xtermjs/xterm.js issue 5489), so a drag becomes what a wheel would be:
// lines of what was printed, or, where a program has taken the screen or the mouse, wheel events for it.

import type { Terminal } from "@xterm/xterm";

/** A finger that moves no further than this, in CSS pixels, taps. */
const TAP_PX = 8;
/** What is left of the speed after one millisecond of gliding. */
const GLIDE_KEEPS = 0.996;
/** No finger is faster, in CSS pixels per millisecond; a page that stood still only looks so. */
const SPEED_MAX = 6;
/** A frame that comes later than this did not glide: nobody saw it. */
const FRAME_MAX_MS = 50;
/** Slower than this, in CSS pixels per millisecond, nothing glides. */
const GLIDE_MIN = 0.05;
/** The speed is that of the last stretch of the drag, of this many milliseconds. */
const SPEED_OVER_MS = 80;

interface Drag {
  id: number;
  y: number;
  moved: boolean;
  /** Where the finger was, and when. */
  trail: { y: number; at: number }[];
}

/** Returns how to stop. */
export function bindTouch(host: HTMLElement, term: Terminal): () => void {
  let drag: Drag | undefined;
  let gliding: number | undefined;
  /** What is dragged and is not yet a whole line. */
  let rest = 0;

  const scroll = (px: number, event: PointerEvent): void => {
    const screen = term.element?.querySelector(".xterm-screen");
    const height = (screen?.clientHeight ?? 0) / term.rows;
    if (height <= 0) return;
    rest += px;
    const lines = Math.trunc(rest / height);
    if (lines === 0) return;
    rest -= lines * height;
    const own = term.buffer.active.type === "normal" && term.modes.mouseTrackingMode === "none";
    if (own) return term.scrollLines(lines);
    const { clientX, clientY } = event;
    for (let n = 0; n < Math.abs(lines); n++) {
      const deltaY = Math.sign(lines);
      term.element?.dispatchEvent(new WheelEvent("wheel", { deltaY, deltaMode: WheelEvent.DOM_DELTA_LINE, clientX, clientY, cancelable: true }));
    }
  };

  const glide = (speed: number, event: PointerEvent): void => {
    let [at, left] = [performance.now(), speed];
    const step = (now: number): void => {
      const passed = Math.min(FRAME_MAX_MS, Math.max(0, now - at));
      scroll(left * passed, event);
      at = now;
      left *= GLIDE_KEEPS ** passed;
      gliding = Math.abs(left) > GLIDE_MIN ? requestAnimationFrame(step) : undefined;
    };
    gliding = requestAnimationFrame(step);
  };

  const stop = (): void => {
    if (gliding !== undefined) cancelAnimationFrame(gliding);
    gliding = undefined;
  };

  const onDown = (event: PointerEvent): void => {
    stop();
    const bar = event.target instanceof Element && event.target.closest(".scrollbar"); // has a drag of its own
    if (event.pointerType !== "touch" || !event.isPrimary || bar) return;
    rest = 0;
    drag = { id: event.pointerId, y: event.clientY, moved: false, trail: [] };
  };

  const onMove = (event: PointerEvent): void => {
    if (drag?.id !== event.pointerId) return;
    const [y, at] = [event.clientY, event.timeStamp];
    if (!drag.moved && Math.abs(y - drag.y) < TAP_PX) return;
    if (!drag.moved) host.setPointerCapture(event.pointerId); // what is below the finger is drawn anew and may go away
    drag.moved = true;
    scroll(drag.y - y, event);
    drag.y = y;
    drag.trail = [...drag.trail.filter((point) => at - point.at < SPEED_OVER_MS), { y, at }];
  };

  const onUp = (event: PointerEvent): void => {
    if (drag?.id !== event.pointerId) return;
    const { trail } = drag;
    drag = undefined;
    const [first, last] = [trail.at(0), trail.at(-1)];
    if (event.type !== "pointerup" || !first || !last || last.at === first.at) return;
    if (event.timeStamp - last.at > SPEED_OVER_MS || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const speed = (first.y - last.y) / (last.at - first.at);
    glide(Math.max(-SPEED_MAX, Math.min(SPEED_MAX, speed)), event);
  };

  const listeners: [string, (event: PointerEvent) => void][] = [
    ["pointerdown", onDown],
    ["pointermove", onMove],
    ["pointerup", onUp],
    ["pointercancel", onUp],
  ];
  for (const [name, listener] of listeners) host.addEventListener(name, listener as EventListener);
  return () => {
    stop();
    for (const [name, listener] of listeners) host.removeEventListener(name, listener as EventListener);
  };
}
