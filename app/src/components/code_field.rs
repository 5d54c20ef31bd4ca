//! The one way a code is typed, everywhere: six digits that send themselves, or a recovery code.

use leptos::{ev::Event, html::Input, prelude::*};

use protocol::{
    Problem,
    limits::{CODE_DIGITS, RECOVERY_CODE_CHARS},
};

use super::{Glyph, Icon, unique};
use crate::{
    browser,
    state::{Hydrated, Sending},
};

/// What the field is while it takes digits, and while it takes a recovery code.
const KINDS: [(&str, &str, &str); 4] = [
    ("inputmode", "numeric", "text"),
    ("autocomplete", "one-time-code", "off"),
    ("maxlength", "12", "40"),
    ("placeholder", "000000", "xxxx-xxxx-xxxx-xxxx"),
];

/// Whether a code could be right: six digits, or a whole recovery code.
pub(crate) fn is_whole(code: &str) -> bool {
    let bare = || code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    match bare().count() {
        CODE_DIGITS => bare().all(|c| c.is_ascii_digit()),
        count => count == RECOVERY_CODE_CHARS,
    }
}

fn about_the_code(problem: &Problem) -> bool {
    problem.field.as_deref().is_none_or(|field| field == "code")
}

/// The field. `code` always holds what was typed, without blanks; `on_full` runs once when the sixth digit arrives.
#[component]
pub(crate) fn CodeField(
    /// What was typed.
    code: RwSignal<String>,
    /// The form it stands in. When that is refused, and not because of another field, this one empties itself and takes
    /// the keyboard again.
    sending: Sending,
    /// The sixth digit arrived.
    #[prop(optional)]
    on_full: Option<Callback<()>>,
    /// It takes the keyboard when it appears.
    #[prop(default = true)]
    autofocus: bool,
    /// A recovery code does as well; not so when an app is being confirmed.
    #[prop(default = true)]
    recoverable: bool,
) -> impl IntoView {
    let Sending { busy, problems, .. } = sending;
    let refused = Memo::new(move |_| problems.with(|all| all.iter().any(about_the_code)));
    let id = unique("code");
    let pending = Hydrated::pending();
    let recovery = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        let recovery = recovery.get();
        let Some(input) = input.get() else { return };
        for (name, digits, words) in KINDS {
            let _ = input.set_attribute(name, if recovery { words } else { digits });
        }
        if autofocus {
            let _ = input.focus();
        }
    });
    keep_in_step(code, input);
    Effect::new(move |before: Option<bool>| {
        let now = refused.get();
        let Some(input) = input.get() else { return now };
        browser::set_or_remove(&input, "aria-invalid", now.then_some("true"));
        browser::set_or_remove(&input, "aria-describedby", now.then(|| sending.refusal_id()).as_deref());
        let first = problems.with_untracked(|all| all.first().is_some_and(about_the_code));
        if first && before == Some(false) {
            code.set(String::new());
            let _ = input.focus();
        }
        now
    });
    let typed = move |event: Event| accept(&event_target_value(&event), recovery.get_untracked(), code, input, on_full);
    let swap = move |_| {
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
                on:input=typed
                data-testid="code"
            />
            <button r#type="button" class="link small" hidden=!recoverable disabled=pending on:click=swap data-testid="code-swap">
                <Icon glyph=Glyph::Key/>
                {move || if recovery.get() { "Use the authenticator app instead" } else { "Use a recovery code instead" }}
            </button>
        </div>
    }
    .into_any()
}

/// The field shows what is known of the code, and what was typed before the program ran becomes known; the button sends it.
fn keep_in_step(code: RwSignal<String>, input: NodeRef<Input>) {
    Effect::new(move |before: Option<bool>| {
        let (Some(field), known) = (input.get(), code.get()) else { return false };
        if before != Some(true) && known.is_empty() {
            accept(&field.value(), false, code, input, None);
        } else {
            field.set_value(&known);
        }
        true
    });
}

fn accept(text: &str, recovery: bool, code: RwSignal<String>, input: NodeRef<Input>, on_full: Option<Callback<()>>) {
    if recovery {
        code.set(text.trim().to_owned());
        return;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).take(CODE_DIGITS).collect();
    if let Some(input) = input.get_untracked().filter(|_| digits != text) {
        input.set_value(&digits);
    }
    let was_full = code.with_untracked(|code| *code == digits);
    let full = digits.len() == CODE_DIGITS && !was_full;
    code.set(digits);
    if let Some(on_full) = on_full.filter(|_| full) {
        on_full.run(());
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_code_is_whole_or_not() {
        for whole in ["123456", "123 456", "abcd-efgh-ijkl-mnop", "ABCDEFGHIJKLMNOP"] {
            assert!(is_whole(whole), "{whole}");
        }
        for part in ["", "12345", "1234567", "abcdef", "abcd-efgh-ijkl-mno", "----------------"] {
            assert!(!is_whole(part), "{part}");
        }
    }
}
