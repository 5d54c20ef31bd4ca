// A person with an account: password, perhaps a factor with its recovery codes, and a program of theirs (`api`) that is
// signed in.
import { expect } from "@playwright/test";

import { Api } from "./api";
import type { Enrolment, LockStatus, Me, Page, Terminal } from "./contract";
import { Authenticator } from "./totp";

const READY_MILLIS_MAX = 60_000;

export interface Launch {
  name?: string;
  image?: string;
  tier?: string;
}

export class Person {
  /** Signed in as this person. */
  api: Api;
  authenticator: Authenticator | undefined;
  /** Unused ones, as far as the tests know. */
  recoveryCodes: string[] = [];

  constructor(
    readonly origin: string,
    readonly username: string,
    public password: string,
  ) {
    this.api = new Api(origin);
  }

  /** Signs a program in; with a recovery code where a code is asked, as that never waits for the clock. */
  async signIn(api: Api = this.api): Promise<Api> {
    const credentials = { username: this.username, password: this.password };
    const answer = await api.post<{ status: string }>("/api/auth/login", credentials);
    if (answer.status === "mfa_required") await api.post("/api/auth/login/mfa", { code: this.takeRecoveryCode() });
    return api;
  }

  /** Another login session of this person. */
  signInElsewhere(): Promise<Api> {
    return this.signIn(new Api(this.origin));
  }

  me(): Promise<Me> {
    return this.api.get<Me>("/api/me");
  }

  /** Enrols a factor through the contract, as an independent client would. */
  async enrol(): Promise<void> {
    const enrolment = await this.api.post<Enrolment>("/api/account/mfa/enrol", { password: this.password });
    this.authenticator = new Authenticator(enrolment.secret);
    const code = await this.authenticator.nextCode();
    const confirmed = await this.api.post<{ recovery_codes: string[] }>("/api/account/mfa/confirm", { code });
    expect(confirmed.recovery_codes).toHaveLength(10);
    this.recoveryCodes = [...confirmed.recovery_codes];
  }

  takeRecoveryCode(): string {
    const code = this.recoveryCodes.pop();
    if (code === undefined) throw new Error(`${this.username} has no recovery code left`);
    return code;
  }

  nextCode(good?: number): Promise<string> {
    if (!this.authenticator) throw new Error(`${this.username} has no factor`);
    return this.authenticator.nextCode(good);
  }

  wrongCode(): string {
    if (!this.authenticator) throw new Error(`${this.username} has no factor`);
    return this.authenticator.wrongCode();
  }

  terminals(): Promise<Terminal[]> {
    return this.api.get<Page<Terminal>>("/api/terminals").then((page) => page.items);
  }

  terminal(id: string): Promise<Terminal> {
    return this.api.get<Terminal>(`/api/terminals/${id}`);
  }

  /** Creates a terminal and waits until a shell can be reached. */
  async launch(wanted: Launch = {}): Promise<Terminal> {
    const made = await this.api.post<Terminal>("/api/terminals", { image: "debian", ...wanted });
    return this.until(made.id, "running");
  }

  /** Waits for a state; a failed launch ends the wait with its reason. */
  async until(id: string, state: Terminal["state"]): Promise<Terminal> {
    let seen: Terminal | undefined;
    await expect
      .poll(
        async () => {
          seen = await this.terminal(id);
          if (seen.state === "failed" && state !== "failed") throw new Error(`the terminal failed: ${seen.error ?? "no reason"}`);
          return seen.state;
        },
        { timeout: READY_MILLIS_MAX, intervals: [50, 100, 200] },
      )
      .toBe(state);
    if (!seen) throw new Error("no answer");
    return seen;
  }

  lock(id: string): Promise<LockStatus> {
    return this.api.post<LockStatus>(`/api/security/terminal/${id}/mfa-lock`);
  }

  lockStatus(id: string): Promise<LockStatus> {
    return this.api.get<LockStatus>(`/api/security/terminal/${id}/mfa-status`);
  }

  /** Deletes a terminal, with a recovery code where it is locked, and waits until it is gone. */
  async delete(id: string): Promise<void> {
    const { mfa_locked } = await this.terminal(id);
    await this.api.ask("DELETE", `/api/terminals/${id}`, mfa_locked ? { code: this.takeRecoveryCode() } : undefined);
    await this.gone(id);
  }

  /** Waits until a terminal cannot be found any more. */
  async gone(id: string): Promise<void> {
    await expect
      .poll(async () => (await this.api.exchange("GET", `/api/terminals/${id}`)).status, { timeout: READY_MILLIS_MAX })
      .toBe(404);
  }
}
