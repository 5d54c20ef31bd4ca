// Looks over the shoulder of every page: console errors, page errors and policy violations fail the test they happen in.
import type { BrowserContext, ConsoleMessage } from "@playwright/test";

const VIOLATION = "content security policy violation:";

export class Watch {
  private readonly faults: string[] = [];
  /** A card asks for figures by the clock: its terminal may end in that very instant, or the engine be busy elsewhere. */
  private readonly expected: RegExp[] = [/responded with a status of (404|409|503) .*\/api\/terminals\/[0-9a-f-]{36}\/stats:/];

  /** Follows every page of a context from its first document on. */
  async follow(context: BrowserContext): Promise<void> {
    context.on("console", (message) => this.heard(message));
    context.on("weberror", (error) => this.faults.push(`page error: ${error.error().stack ?? String(error.error())}`));
    await context.addInitScript((prefix) => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(prefix, event.effectiveDirective, event.blockedURI, `${event.sourceFile}:${event.lineNumber}`);
      });
    }, VIOLATION);
  }

  /**
   * States an error line this very test provokes, e.g. the browser's own line about a request that is refused on purpose.
   * Policy violations cannot be stated.
   */
  expects(line: RegExp): void {
    this.expected.push(line);
  }

  /** A refusal with this status, as the browser writes it into its console. */
  expectsStatus(...statuses: number[]): void {
    for (const status of statuses) this.expects(new RegExp(`(responded with a status of|Unexpected response code:) ${status}\\b`));
  }

  /** The server is away on purpose: requests and sockets fail. */
  expectsNoServer(): void {
    this.expects(/net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKS_CONNECTION_FAILED)|WebSocket connection to .* failed/);
  }

  /** What went wrong and was not stated. */
  unexpected(): string[] {
    return this.faults.filter((fault) => fault.includes(VIOLATION) || !this.expected.some((line) => line.test(fault)));
  }

  private heard(message: ConsoleMessage): void {
    if (message.type() !== "error") return;
    const { url, lineNumber } = message.location();
    this.faults.push(`console: ${message.text()} (${url}:${lineNumber})`);
  }
}
