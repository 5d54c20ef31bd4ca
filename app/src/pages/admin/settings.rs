//! Settings of the organisation: session and grant lifetimes, mandatory MFA, quota, retention.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind, admin::Settings, limits};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Checkbox, Fetch, Fetched, Form, NumberField, Section, u64_range},
    state::{Submission, Toasts, all_valid},
};

/// A duration: in minutes on the page, in seconds in the REST contract.
const fn minutes(name: &'static str, label: &'static str, secs: RangeInclusive<u32>) -> NumberField {
    NumberField { name, label, unit: "minutes", note: "", unit_size: 60, step: 60, range: u64_range(secs) }
}

const SESSION_IDLE: NumberField =
    minutes("session_idle_secs", "A login ends without activity after", limits::SESSION_IDLE_SECS);
const SESSION_MAX: NumberField =
    minutes("session_absolute_secs", "A login ends in any case after", limits::SESSION_ABSOLUTE_SECS);
const GRANT_IDLE: NumberField = minutes("grant_idle_secs", "Access ends without input after", limits::GRANT_IDLE_SECS);
const GRANT_MAX: NumberField =
    minutes("grant_absolute_secs", "Access ends in any case after", limits::GRANT_ABSOLUTE_SECS);
const QUOTA: NumberField = NumberField {
    name: "terminals_max",
    label: "An account may have",
    unit: "terminals",
    note: "People can have a quota of their own.",
    unit_size: 1,
    step: 1,
    range: u64_range(limits::TERMINAL_QUOTA),
};
const RETENTION: NumberField = NumberField {
    name: "audit_retention_days",
    label: "Audit events are kept for",
    unit: "days",
    note: "",
    unit_size: 1,
    step: 1,
    range: u64_range(limits::AUDIT_RETENTION_DAYS),
};

const FIELDS: &[&str] =
    &[SESSION_IDLE.name, SESSION_MAX.name, GRANT_IDLE.name, GRANT_MAX.name, QUOTA.name, RETENTION.name];

/// The section.
#[component]
pub(super) fn SettingsPage() -> impl IntoView {
    let fetch = Fetch::new(api::admin_settings, |settings| view! { <SettingsForm settings /> }.into_any());
    view! {
        <Section
            title="Settings"
            lead="For everybody on this server. They apply from the next request on."
            testid="admin-settings"
        >
            <Fetched fetch />
        </Section>
    }
    .into_any()
}

#[component]
fn SettingsForm(settings: Settings) -> impl IntoView {
    let toasts = Toasts::get();
    let submission = Submission::new();
    let send = move |form: HtmlFormElement| {
        let Some(settings) = submission.validated(parse_form(&form)) else { return };
        submission.run(async move {
            api::put_settings(&settings).await?;
            toasts.success("Settings saved");
            Ok(())
        });
    };
    let field = move |number: NumberField, value: u32| number.view(Some(value.into()), submission);
    view! {
        <Form
            submission
            send
            label="Save"
            fields=FIELDS
            novalidate=true
            testid="settings-form"
            submit="settings-submit"
        >
            <div class="box">
                <h2>"Logins"</h2>
                <div class="form-row">
                    {field(SESSION_IDLE, settings.session_idle_secs)}
                    {field(SESSION_MAX, settings.session_absolute_secs)}
                </div>
                <Checkbox
                    name="mfa_required"
                    label="Every account must enable MFA before it can use terminals"
                    checked=settings.mfa_required
                />
                <Checkbox
                    name="totp_one_step_ahead"
                    label="Accept codes from clocks that run up to 30 seconds ahead"
                    checked=settings.totp_one_step_ahead
                />
            </div>
            <div class="box">
                <h2>"Locked terminals"</h2>
                <div class="form-row">
                    {field(GRANT_IDLE, settings.grant_idle_secs)} {field(GRANT_MAX, settings.grant_absolute_secs)}
                </div>
            </div>
            <div class="box">
                <h2>"Quota and audit"</h2>
                <div class="form-row">
                    {field(QUOTA, settings.terminals_max)} {field(RETENTION, settings.audit_retention_days)}
                </div>
            </div>
        </Form>
    }
    .into_any()
}

fn parse_form(form: &HtmlFormElement) -> Result<Settings, Vec<Problem>> {
    let mut errors = Vec::new();
    // All ranges fit into 32 bits.
    let mut number = |number: NumberField| number.parse(form, &mut errors) as u32;
    let checked = |name| browser::form_value(form, name) == "on";
    let settings = Settings {
        session_idle_secs: number(SESSION_IDLE),
        session_absolute_secs: number(SESSION_MAX),
        grant_idle_secs: number(GRANT_IDLE),
        grant_absolute_secs: number(GRANT_MAX),
        totp_one_step_ahead: checked("totp_one_step_ahead"),
        mfa_required: checked("mfa_required"),
        terminals_max: number(QUOTA),
        audit_retention_days: number(RETENTION),
    };
    let mut at_least_idle = |idle: u32, absolute: u32, number: NumberField| {
        // A value outside its range has its own error already.
        if absolute < idle && number.range.contains(&absolute.into()) {
            let detail = "Not shorter than the time without activity.";
            errors.push(Problem::new(ProblemKind::BadRequest, detail).with_field(number.name));
        }
    };
    at_least_idle(settings.session_idle_secs, settings.session_absolute_secs, SESSION_MAX);
    at_least_idle(settings.grant_idle_secs, settings.grant_absolute_secs, GRANT_MAX);
    all_valid(settings, errors)
}
