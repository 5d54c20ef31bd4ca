//! The organisation's settings: how long logins and grants last, who must have MFA, quotas, retention.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind, admin::Settings, limits};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Check, Fetched, Form, Number, Section, ask_once, shown, wide},
    state::{Sending, Toasts, flawless},
};

/// A time that is typed in minutes and kept in seconds.
const fn minutes(name: &'static str, label: &'static str, secs: RangeInclusive<u32>) -> Number {
    Number { name, label, unit: "minutes", note: "", size: 60, step: 60, range: wide(secs) }
}

const SESSION_IDLE: Number =
    minutes("session_idle_secs", "A login ends without activity after", limits::SESSION_IDLE_SECS);
const SESSION_MAX: Number =
    minutes("session_absolute_secs", "A login ends in any case after", limits::SESSION_ABSOLUTE_SECS);
const GRANT_IDLE: Number = minutes("grant_idle_secs", "Access ends without input after", limits::GRANT_IDLE_SECS);
const GRANT_MAX: Number = minutes("grant_absolute_secs", "Access ends in any case after", limits::GRANT_ABSOLUTE_SECS);
const QUOTA: Number = Number {
    name: "terminals_max",
    label: "An account may have",
    unit: "terminals",
    note: "People can have a quota of their own.",
    size: 1,
    step: 1,
    range: wide(limits::TERMINALS),
};
const RETENTION: Number = Number {
    name: "audit_retention_days",
    label: "Audit events are kept for",
    unit: "days",
    note: "",
    size: 1,
    step: 1,
    range: wide(limits::AUDIT_RETENTION_DAYS),
};

const FIELDS: &[&str] =
    &[SESSION_IDLE.name, SESSION_MAX.name, GRANT_IDLE.name, GRANT_MAX.name, QUOTA.name, RETENTION.name];

/// The section.
#[component]
pub(super) fn SettingsPage() -> impl IntoView {
    let settings = ask_once(|| api::text::admin_settings());
    view! {
        <Section title="Settings" lead="For everybody on this server. They apply from the next request on." testid="admin-settings">
            <Fetched of=settings show=shown(|settings| view! { <SettingsForm settings/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn SettingsForm(settings: Settings) -> impl IntoView {
    let toasts = Toasts::get();
    let sending = Sending::new();
    let send = move |form: HtmlFormElement| {
        let Some(settings) = sending.checked(read(&form)) else { return };
        sending.send(async move {
            api::put_settings(&settings).await?;
            toasts.good("Settings saved");
            Ok(())
        });
    };
    let field = move |number: Number, value: u32| number.field(Some(value.into()), sending);
    view! {
        <Form sending send label="Save" fields=FIELDS checks=true testid="settings-form" submit="settings-submit">
            <div class="box">
                <h2>"Logins"</h2>
                <div class="form-row">{field(SESSION_IDLE, settings.session_idle_secs)} {field(SESSION_MAX, settings.session_absolute_secs)}</div>
                <Check name="mfa_required" label="Every account must enable MFA before it can use terminals" checked=settings.mfa_required/>
                <Check name="totp_one_step_ahead" label="Accept codes from clocks that run up to 30 seconds ahead" checked=settings.totp_one_step_ahead/>
            </div>
            <div class="box">
                <h2>"Locked terminals"</h2>
                <div class="form-row">{field(GRANT_IDLE, settings.grant_idle_secs)} {field(GRANT_MAX, settings.grant_absolute_secs)}</div>
            </div>
            <div class="box">
                <h2>"Quota and audit"</h2>
                <div class="form-row">{field(QUOTA, settings.terminals_max)} {field(RETENTION, settings.audit_retention_days)}</div>
            </div>
        </Form>
    }
    .into_any()
}

fn read(form: &HtmlFormElement) -> Result<Settings, Vec<Problem>> {
    let mut mistakes = Vec::new();
    // The ranges are far below what 32 bits hold.
    let mut figure = |number: Number| number.read(form, &mut mistakes) as u32;
    let ticked = |name| browser::form_value(form, name) == "on";
    let settings = Settings {
        session_idle_secs: figure(SESSION_IDLE),
        session_absolute_secs: figure(SESSION_MAX),
        grant_idle_secs: figure(GRANT_IDLE),
        grant_absolute_secs: figure(GRANT_MAX),
        totp_one_step_ahead: ticked("totp_one_step_ahead"),
        mfa_required: ticked("mfa_required"),
        terminals_max: figure(QUOTA),
        audit_retention_days: figure(RETENTION),
    };
    let mut no_shorter = |idle: u32, whole: u32, number: Number| {
        // What is out of its range has been told already.
        if whole < idle && number.range.contains(&whole.into()) {
            let words = "Not shorter than the time without activity.";
            mistakes.push(Problem::new(ProblemKind::BadRequest, words).at(number.name));
        }
    };
    no_shorter(settings.session_idle_secs, settings.session_absolute_secs, SESSION_MAX);
    no_shorter(settings.grant_idle_secs, settings.grant_absolute_secs, GRANT_MAX);
    flawless(settings, mistakes)
}
