// Entry of the bundle the page loads when the first terminal opens.

export { createTerminal, prepare } from "./terminal";
