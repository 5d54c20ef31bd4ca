//! The organisation's settings: how long logins and grants last, who must have MFA, quotas, retention.

use std::ops::RangeInclusive;

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{Problem, ProblemKind, admin::Settings};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Check, Fetched, Field, ProblemNote, Section, Submit, ask_once, shown},
    state::Toasts,
};

/// A number of the form: name, label, hint, seconds per unit, smallest and largest in that unit.
struct Figure {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    unit: u32,
    range: RangeInclusive<u32>,
}

const SESSION_IDLE: Figure = Figure {
    name: "session_idle_secs",
    label: "A login ends without a request after, in minutes",
    hint: "5 to 1440.",
    unit: 60,
    range: 5..=1440,
};
const SESSION_MAX: Figure = Figure {
    name: "session_absolute_secs",
    label: "A login ends in any case after, in minutes",
    hint: "15 to 43200 (30 days).",
    unit: 60,
    range: 15..=43_200,
};
const GRANT_IDLE: Figure = Figure {
    name: "grant_idle_secs",
    label: "Access to a locked terminal ends without input after, in minutes",
    hint: "1 to 1440.",
    unit: 60,
    range: 1..=1440,
};
const GRANT_MAX: Figure = Figure {
    name: "grant_absolute_secs",
    label: "It ends in any case after, in minutes",
    hint: "5 to 10080 (7 days).",
    unit: 60,
    range: 5..=10_080,
};
const QUOTA: Figure = Figure {
    name: "terminals_max",
    label: "Terminals per account",
    hint: "0 to 100; people can have a quota of their own.",
    unit: 1,
    range: 0..=100,
};
const RETENTION: Figure = Figure {
    name: "audit_retention_days",
    label: "Audit events are kept for, in days",
    hint: "30 to 3650.",
    unit: 1,
    range: 30..=3650,
};

const FIELDS: &[&str] = &[
    "session_idle_secs",
    "session_absolute_secs",
    "grant_idle_secs",
    "grant_absolute_secs",
    "terminals_max",
    "audit_retention_days",
];

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
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let settings = match read(&form) {
            Ok(settings) => settings,
            Err(refusal) => return problem.set(Some(refusal)),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::put_settings(&settings).await {
                Ok(_) => toasts.good("Settings saved"),
                Err(refusal) if browser::left_for_login(&refusal) => {}
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
            let _ = busy.try_set(false);
        });
    };
    let figure = move |figure: Figure, value: u32| {
        view! { <Field name=figure.name label=figure.label hint=figure.hint kind="number" value=(value / figure.unit).to_string() problem/> }
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="settings-form">
            <div class="box">
                <h2>"Logins"</h2>
                <div class="form-row">{figure(SESSION_IDLE, settings.session_idle_secs)} {figure(SESSION_MAX, settings.session_absolute_secs)}</div>
                <Check name="mfa_required" label="Every account must enable MFA before it can use terminals" checked=settings.mfa_required/>
                <Check name="totp_one_step_ahead" label="Accept codes from clocks that run up to 30 seconds ahead" checked=settings.totp_one_step_ahead/>
            </div>
            <div class="box">
                <h2>"Locked terminals"</h2>
                <div class="form-row">{figure(GRANT_IDLE, settings.grant_idle_secs)} {figure(GRANT_MAX, settings.grant_absolute_secs)}</div>
            </div>
            <div class="box">
                <h2>"Quota and audit"</h2>
                <div class="form-row">{figure(QUOTA, settings.terminals_max)} {figure(RETENTION, settings.audit_retention_days)}</div>
            </div>
            <ProblemNote problem fields=FIELDS/>
            <div class="form-actions"><Submit label="Save".to_owned() busy testid="settings-submit"/></div>
        </form>
    }
    .into_any()
}

fn read(form: &HtmlFormElement) -> Result<Settings, Problem> {
    let figure = |figure: Figure| {
        let typed = browser::form_value(form, figure.name).trim().parse::<u32>().ok();
        typed.filter(|n| figure.range.contains(n)).map(|n| n * figure.unit).ok_or_else(|| {
            let (least, most) = figure.range.into_inner();
            Problem::new(ProblemKind::BadRequest, format!("A whole number from {least} to {most}.")).at(figure.name)
        })
    };
    let settings = Settings {
        session_idle_secs: figure(SESSION_IDLE)?,
        session_absolute_secs: figure(SESSION_MAX)?,
        grant_idle_secs: figure(GRANT_IDLE)?,
        grant_absolute_secs: figure(GRANT_MAX)?,
        totp_one_step_ahead: browser::form_value(form, "totp_one_step_ahead") == "on",
        mfa_required: browser::form_value(form, "mfa_required") == "on",
        terminals_max: figure(QUOTA)?,
        audit_retention_days: figure(RETENTION)?,
    };
    let longer = |field: &str| {
        Err(Problem::new(ProblemKind::BadRequest, "Not shorter than the time without activity.").at(field))
    };
    if settings.session_absolute_secs < settings.session_idle_secs {
        return longer("session_absolute_secs");
    }
    if settings.grant_absolute_secs < settings.grant_idle_secs {
        return longer("grant_absolute_secs");
    }
    Ok(settings)
}
