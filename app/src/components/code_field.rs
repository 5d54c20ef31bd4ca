//! The field for codes: six digits, submitted automatically, or a recovery code.

use leptos::{ev::Event, html::Input, prelude::*};

use protocol::{
    Problem,
    limits::{CODE_DIGITS, RECOVERY_CODE_CHARS},
};

use super::{Glyph, Icon, unique_id};
use crate::{
    browser,
    state::{Hydrated, Submission},
};

/// Attribute, value for digits, value for recovery codes.
const ATTRIBUTES: [(&str, &str, &str); 4] = [
    ("inputmode", "numeric", "text"),
    ("autocomplete", "one-time-code", "off"),
    ("maxlength", "12", "40"),
    ("placeholder", "000000", "xxxx-xxxx-xxxx-xxxx"),
];

/// Whether a code has the right length and characters: six digits, or a complete recovery code.
pub(crate) fn is_complete_code(code: &str) -> bool {
    let significant = || code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    match significant().count() {
        CODE_DIGITS => significant().all(|c| c.is_ascii_digit()),
        count => count == RECOVERY_CODE_CHARS,
    }
}

fn is_code_problem(problem: &Problem) -> bool {
    problem.field.as_deref().is_none_or(|field| field == "code")
}

/// The field. `code` holds the input without spaces; `on_complete` runs once when the sixth digit is typed.
#[component]
pub(crate) fn CodeField(
    /// The input.
    code: RwSignal<String>,
    /// State of the form. When the code is rejected, the field is cleared and focused.
    submission: Submission,
    /// Called with the sixth digit.
    #[prop(optional)]
    on_complete: Option<Callback<()>>,
    /// Focus when it is mounted.
    #[prop(default = true)]
    autofocus: bool,
    /// Accept recovery codes. Not when a new authenticator app is confirmed.
    #[prop(default = true)]
    allow_recovery: bool,
) -> impl IntoView {
    let Submission { busy, problems, .. } = submission;
    let id = unique_id("code");
    let recovery = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    set_kind(input, recovery, autofocus);
    sync_value(code, input);
    show_problem(input, code, submission);
    let on_input = move |event: Event| {
        accept_input(&event_target_value(&event), recovery.get_untracked(), code, input, on_complete)
    };
    let toggle_recovery = move |()| {
        code.set(String::new());
        problems.set(Vec::new());
        recovery.update(|recovery| *recovery = !*recovery);
    };
    view! {
        <div class="code-field">
            <label class="field-label" for=id.clone()>
                {move || if recovery.get() { "Recovery code" } else { "Six-digit code" }}
            </label>
            <input
                node_ref=input
                class="input code-input"
                class:code-input-recovery=move || recovery.get()
                id=id
                name="code"
                r#type="text"
                inputmode="numeric"
                autocomplete="one-time-code"
                autocapitalize="none"
                spellcheck="false"
                placeholder="000000"
                readonly=move || busy.get()
                on:input=on_input
                data-testid="code"
            />
            <RecoverySwitch recovery hidden=!allow_recovery on_click=toggle_recovery />
        </div>
    }
    .into_any()
}

#[component]
fn RecoverySwitch(recovery: RwSignal<bool>, hidden: bool, #[prop(into)] on_click: Callback<()>) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class="link small"
            hidden=hidden
            disabled=pending
            on:click=move |_| on_click.run(())
            data-testid="code-swap"
        >
            <Icon glyph=Glyph::Key />
            {move || {
                if recovery.get() { "Use the authenticator app instead" } else { "Use a recovery code instead" }
            }}
        </button>
    }
    .into_any()
}

/// Sets the attributes for digits or recovery codes.
fn set_kind(input: NodeRef<Input>, recovery: RwSignal<bool>, autofocus: bool) {
    Effect::new(move |_| {
        let recovery = recovery.get();
        let Some(input) = input.get() else { return };
        for (name, digits, text) in ATTRIBUTES {
            let _ = input.set_attribute(name, if recovery { text } else { digits });
        }
        if autofocus {
            let _ = input.focus();
        }
    });
}

/// Marks the field as invalid while the code has a problem, and clears it when the code is rejected.
fn show_problem(input: NodeRef<Input>, code: RwSignal<String>, submission: Submission) {
    let problems = submission.problems;
    let invalid = Memo::new(move |_| problems.with(|all| all.iter().any(is_code_problem)));
    Effect::new(move |before: Option<bool>| {
        let now = invalid.get();
        let Some(input) = input.get() else { return now };
        browser::set_or_remove_attribute(&input, "aria-invalid", now.then_some("true"));
        browser::set_or_remove_attribute(&input, "aria-describedby", now.then(|| submission.error_id()).as_deref());
        let first = problems.with_untracked(|all| all.first().is_some_and(is_code_problem));
        if first && before == Some(false) {
            code.set(String::new());
            let _ = input.focus();
        }
        now
    });
}

/// Keeps `code` and the field equal. A value that was typed before hydration is taken over without submitting.
fn sync_value(code: RwSignal<String>, input: NodeRef<Input>) {
    Effect::new(move |before: Option<bool>| {
        let (Some(field), value) = (input.get(), code.get()) else { return false };
        if before != Some(true) && value.is_empty() {
            accept_input(&field.value(), false, code, input, None);
        } else {
            field.set_value(&value);
        }
        true
    });
}

fn accept_input(
    text: &str,
    recovery: bool,
    code: RwSignal<String>,
    input: NodeRef<Input>,
    on_complete: Option<Callback<()>>,
) {
    if recovery {
        code.set(text.trim().to_owned());
        return;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).take(CODE_DIGITS).collect();
    if let Some(input) = input.get_untracked().filter(|_| digits != text) {
        input.set_value(&digits);
    }
    let unchanged = code.with_untracked(|code| *code == digits);
    let complete = digits.len() == CODE_DIGITS && !unchanged;
    code.set(digits);
    if let Some(on_complete) = on_complete.filter(|_| complete) {
        on_complete.run(());
    }
}

#[cfg(test)]
mod tests {
    use super::is_complete_code;

    #[test]
    fn only_six_digits_or_a_recovery_code_are_complete() {
        for code in ["123456", "123 456", "abcd-efgh-ijkl-mnop", "ABCDEFGHIJKLMNOP"] {
            assert!(is_complete_code(code), "{code}");
        }
        for code in ["", "12345", "1234567", "abcdef", "abcd-efgh-ijkl-mno", "----------------"] {
            assert!(!is_complete_code(code), "{code}");
        }
    }
}
