//! The organisation's settings: how long logins and grants last, who must have MFA, quotas, retention.

use leptos::prelude::*;
use protocol::{Problem, ProblemKind, admin::Settings};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Check, Fetched, Form, Number, Section, ask_once, shown},
    state::{Sending, Toasts},
};

/// A time that is typed in minutes and kept in seconds.
const fn minutes(name: &'static str, label: &'static str, least: u64, most: u64) -> Number {
    Number { name, label, unit: "minutes", note: "", size: 60, step: 60, range: least * 60..=most * 60 }
}

const SESSION_IDLE: Number = minutes("session_idle_secs", "A login ends without activity after", 5, 1440);
const SESSION_MAX: Number = minutes("session_absolute_secs", "A login ends in any case after", 15, 43_200);
const GRANT_IDLE: Number = minutes("grant_idle_secs", "Access ends without input after", 1, 1440);
const GRANT_MAX: Number = minutes("grant_absolute_secs", "Access ends in any case after", 5, 10_080);
const QUOTA: Number = Number {
    name: "terminals_max",
    label: "An account may have",
    unit: "terminals",
    note: "People can have a quota of their own.",
    size: 1,
    step: 1,
    range: 0..=100,
};
const RETENTION: Number = Number {
    name: "audit_retention_days",
    label: "Audit events are kept for",
    unit: "days",
    note: "",
    size: 1,
    step: 1,
    range: 30..=3650,
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
        sending.send(async move {
            api::put_settings(&read(&form)?).await?;
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

fn read(form: &HtmlFormElement) -> Result<Settings, Problem> {
    // The ranges are far below what 32 bits hold.
    let figure = |number: Number| number.read(form).map(|value| value as u32);
    let ticked = |name| browser::form_value(form, name) == "on";
    let settings = Settings {
        session_idle_secs: figure(SESSION_IDLE)?,
        session_absolute_secs: figure(SESSION_MAX)?,
        grant_idle_secs: figure(GRANT_IDLE)?,
        grant_absolute_secs: figure(GRANT_MAX)?,
        totp_one_step_ahead: ticked("totp_one_step_ahead"),
        mfa_required: ticked("mfa_required"),
        terminals_max: figure(QUOTA)?,
        audit_retention_days: figure(RETENTION)?,
    };
    let longer = |number: Number| {
        Err(Problem::new(ProblemKind::BadRequest, "Not shorter than the time without activity.").at(number.name))
    };
    if settings.session_absolute_secs < settings.session_idle_secs {
        return longer(SESSION_MAX);
    }
    if settings.grant_absolute_secs < settings.grant_idle_secs {
        return longer(GRANT_MAX);
    }
    Ok(settings)
}
