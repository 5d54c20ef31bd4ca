// The shapes of the published contract that the tests read. Written from the contract, not from the server's types.

export type TerminalState = "creating" | "running" | "stopped" | "failed" | "deleting";

export interface Terminal {
  id: string;
  name: string;
  image: string;
  tier: string;
  profile: string;
  state: TerminalState;
  mfa_locked: boolean;
  granted_until: string | null;
  created_at: string;
  last_active_at: string;
  error?: string;
}

export interface LockStatus {
  mfa_locked: boolean;
  mfa_enabled: boolean;
  can_use_feature: boolean;
  granted_until: string | null;
}

export interface Me {
  id: string;
  username: string;
  role: "user" | "admin";
  mfa_enabled: boolean;
  recovery_codes_left: number;
}

export interface Enrolment {
  secret: string;
  otpauth_url: string;
  qr_svg: string;
  expires_at: string;
}

export interface LoginSession {
  id: string;
  device: string;
  address: string;
  current: boolean;
}

export interface AuditEvent {
  seq: number;
  event: string;
  outcome: "success" | "failure";
  actor: string | null;
  target: string | null;
  target_name: string | null;
  address: string | null;
  detail: string | null;
}

export interface Settings {
  session_idle_secs: number;
  session_absolute_secs: number;
  grant_idle_secs: number;
  grant_absolute_secs: number;
  totp_one_step_ahead: boolean;
  mfa_required: boolean;
  terminals_max: number;
  audit_retention_days: number;
}

export interface SecurityRow {
  id: string;
  title: string;
  asked: string;
  outside: string | null;
  inside: string | null;
  verdict: "verified" | "not_in_force" | "differs" | "unknown";
  note: string;
}

export interface SecurityReport {
  profile: string;
  score_tenths: number;
  rows: SecurityRow[];
  commands: string[];
}

export interface AdminImage {
  name: string;
  title: string;
  description: string;
  reference: string;
  enabled: boolean;
  default: boolean;
  size_bytes: number | null;
}

export interface Tier {
  name: string;
  title: string;
  memory_bytes: number;
  cpu_millis: number;
  pids: number;
  default: boolean;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  field?: string;
  retry_after?: number;
  request_id?: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}
