// Entry of the bundle, which the page loads when the first terminal opens.

export { createTerminal, prepare } from "./terminal";
