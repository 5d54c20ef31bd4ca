// Touch scrolling. The emulator does not support touch (xtermjs/xterm.js issue 5489), so a drag scrolls the buffer by
// lines, or sends wheel events where a program uses the alternate screen or the mouse.

import type { Terminal } from "@xterm/xterm";

/** A touch that moves less than this, in CSS pixels, is a tap. */
const TAP_PX = 8;
/** Factor by which the scroll speed decays per millisecond after release. */
const DECAY_PER_MS = 0.996;
/** Upper bound of the speed, in CSS pixels per millisecond: a busy page makes drags look faster. */
const SPEED_MAX = 6;
/** A frame counts as at most this long, so that a late frame does not jump. */
const FRAME_MAX_MS = 50;
/** Momentum scrolling ends below this speed, in CSS pixels per millisecond. */
const SPEED_MIN = 0.05;
/** The speed at release is measured over this many milliseconds. */
const SPEED_WINDOW_MS = 80;

interface Drag {
  id: number;
  y: number;
  moved: boolean;
  /** Recent positions with their times. */
  points: { y: number; at: number }[];
}

/** Returns a function that removes the listeners. */
export function bindTouch(host: HTMLElement, term: Terminal): () => void {
  let drag: Drag | undefined;
  let momentum: number | undefined;
  /** Dragged distance that does not make a whole line yet, in CSS pixels. */
  let remainder = 0;

  const scroll = (px: number, event: PointerEvent): void => {
    const screen = term.element?.querySelector(".xterm-screen");
    const height = (screen?.clientHeight ?? 0) / term.rows;
    if (height <= 0) return;
    remainder += px;
    const lines = Math.trunc(remainder / height);
    if (lines === 0) return;
    remainder -= lines * height;
    const scrollsBuffer = term.buffer.active.type === "normal" && term.modes.mouseTrackingMode === "none";
    if (scrollsBuffer) return term.scrollLines(lines);
    const { clientX, clientY } = event;
    for (let n = 0; n < Math.abs(lines); n++) {
      const deltaY = Math.sign(lines);
      const deltaMode = WheelEvent.DOM_DELTA_LINE;
      term.element?.dispatchEvent(new WheelEvent("wheel", { deltaY, deltaMode, clientX, clientY, cancelable: true }));
    }
  };

  const startMomentum = (speed: number, event: PointerEvent): void => {
    let [at, velocity] = [performance.now(), speed];
    const step = (now: number): void => {
      const passed = Math.min(FRAME_MAX_MS, Math.max(0, now - at));
      scroll(velocity * passed, event);
      at = now;
      velocity *= DECAY_PER_MS ** passed;
      momentum = Math.abs(velocity) > SPEED_MIN ? requestAnimationFrame(step) : undefined;
    };
    momentum = requestAnimationFrame(step);
  };

  const stop = (): void => {
    if (momentum !== undefined) cancelAnimationFrame(momentum);
    momentum = undefined;
  };

  const onDown = (event: PointerEvent): void => {
    stop();
    const bar = event.target instanceof Element && event.target.closest(".scrollbar"); // handles drags itself
    if (event.pointerType !== "touch" || !event.isPrimary || bar) return;
    remainder = 0;
    drag = { id: event.pointerId, y: event.clientY, moved: false, points: [] };
  };

  const onMove = (event: PointerEvent): void => {
    if (drag?.id !== event.pointerId) return;
    const [y, at] = [event.clientY, event.timeStamp];
    if (!drag.moved && Math.abs(y - drag.y) < TAP_PX) return;
    if (!drag.moved) host.setPointerCapture(event.pointerId); // elements below are rendered again and may disappear
    drag.moved = true;
    scroll(drag.y - y, event);
    drag.y = y;
    drag.points = [...drag.points.filter((point) => at - point.at < SPEED_WINDOW_MS), { y, at }];
  };

  const onUp = (event: PointerEvent): void => {
    if (drag?.id !== event.pointerId) return;
    const { points } = drag;
    drag = undefined;
    const [first, last] = [points.at(0), points.at(-1)];
    if (event.type !== "pointerup" || !first || !last || last.at === first.at) return;
    if (event.timeStamp - last.at > SPEED_WINDOW_MS || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const speed = (first.y - last.y) / (last.at - first.at);
    startMomentum(Math.max(-SPEED_MAX, Math.min(SPEED_MAX, speed)), event);
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
