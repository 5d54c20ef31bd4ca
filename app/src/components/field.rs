//! A labelled text field with its hint and its refusal below.

use leptos::{html::Input, prelude::*};
use protocol::Problem;

use super::{Glyph, Icon, unique, when::dynamic};
use crate::{
    browser,
    state::{Hydrated, Sending},
};

/// One line of text. The value is read from the form when it is sent; see `browser::form_value`.
#[component]
pub(crate) fn Field(
    /// Name in the form; a refusal of this field is shown here.
    name: &'static str,
    /// Label.
    #[prop(into)]
    label: String,
    /// What to know before typing.
    #[prop(into, optional)]
    hint: String,
    /// `type=` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// `autocomplete=`.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Shown while empty.
    #[prop(into, optional)]
    placeholder: String,
    /// First value.
    #[prop(into, optional)]
    value: String,
    /// It may stay empty.
    #[prop(optional)]
    optional: bool,
    /// It may stay empty, and that is clear without saying it (a filter).
    #[prop(optional)]
    plain: bool,
    /// It takes the keyboard when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// What stands behind the figure of a number; its hint says it too.
    #[prop(optional)]
    unit: &'static str,
    /// Smallest, largest and step of a number.
    #[prop(optional)]
    steps: Option<[String; 3]>,
    /// The form it stands in, where that can be refused.
    #[prop(optional)]
    sending: Option<Sending>,
) -> impl IntoView {
    let refusal = field_refusal(name, sending);
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        let Some(input) = input.get() else { return };
        for (name, value) in ["min", "max", "step"].into_iter().zip(steps.iter().flatten()) {
            let _ = input.set_attribute(name, value);
        }
        // The browser's own `autofocus` is only for what the page came with. Nothing is taken from a field in use.
        if autofocus && browser::nothing_is_typed_into() {
            let _ = input.focus();
        }
    });
    mark_refused(input, name, sending);
    let id = unique(name);
    let note = format!("{id}-note");
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {label} {optional.then(|| view! { <span class="muted">" (optional)"</span> })}
            </label>
            <div class="input-unit">
                <input
                    node_ref=input
                    class="input"
                    id=id
                    name=name
                    r#type=kind
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=placeholder
                    value=value
                    required=!(optional || plain)
                    autofocus=autofocus
                    aria-describedby=note.clone()
                    data-testid=format!("field-{name}")
                />
                {(!unit.is_empty()).then(|| view! { <span aria-hidden="true">{unit}</span> })}
            </div>
            <FieldNote id=note hint refusal/>
        </div>
    }
    .into_any()
}

/// A password, hidden until the person asks to see it.
#[component]
pub(crate) fn PasswordField(
    /// Name in the form; a refusal of this field is shown here.
    name: &'static str,
    /// Label.
    #[prop(into)]
    label: String,
    /// What to know before typing.
    #[prop(into, optional)]
    hint: String,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// It takes the keyboard when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// The form it stands in, where that can be refused.
    #[prop(optional)]
    sending: Option<Sending>,
) -> impl IntoView {
    let refusal = field_refusal(name, sending);
    let id = unique(name);
    let note = format!("{id}-note");
    let (shown, pending) = (RwSignal::new(false), Hydrated::pending());
    let input = NodeRef::<Input>::new();
    mark_refused(input, name, sending);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <div class="input-group">
                <input
                    node_ref=input
                    class="input"
                    id=id
                    name=name
                    r#type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                    autofocus=autofocus
                    aria-describedby=note.clone()
                    data-testid=format!("field-{name}")
                />
                <button
                    r#type="button"
                    class="input-action"
                    disabled=pending
                    aria-pressed=move || shown.get().to_string()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { "Hide" } else { "Show" }}
                </button>
            </div>
            <FieldNote id=note hint refusal/>
        </div>
    }
    .into_any()
}

/// A refused field says so, and the first one takes the keyboard, wherever on the page it is.
fn mark_refused(input: NodeRef<Input>, name: &'static str, sending: Option<Sending>) {
    let Some(Sending { problems, .. }) = sending else { return };
    Effect::new(move |_| {
        let at = problems.with(|all| all.iter().position(|p| p.field.as_deref() == Some(name)));
        if let Some(input) = input.get() {
            browser::set_or_remove(&input, "aria-invalid", at.map(|_| "true"));
            if at == Some(0) {
                let _ = input.focus();
            }
        }
    });
}

fn field_refusal(name: &'static str, sending: Option<Sending>) -> Memo<Option<String>> {
    Memo::new(move |_| {
        let of_this = |all: &Vec<Problem>| {
            all.iter().find(|p| p.field.as_deref() == Some(name)).map(|problem| problem.detail.clone())
        };
        sending.and_then(|sending| sending.problems.with(of_this))
    })
}

#[component]
fn FieldNote(id: String, hint: String, refusal: Memo<Option<String>>) -> impl IntoView {
    let empty = hint.is_empty();
    let quiet = move || empty && refusal.get().is_none();
    view! {
        <p id=id class="field-note" class:field-refusal=move || refusal.get().is_some() class:field-quiet=quiet aria-live="polite">
            {dynamic(move || match refusal.get() {
                Some(text) => view! { <Icon glyph=Glyph::Warning/> {text} }.into_any(),
                None => hint.clone().into_any(),
            })}
        </p>
    }
    .into_any()
}
