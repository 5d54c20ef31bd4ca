//! Labelled text fields with hint and error message.

use leptos::{html::Input, prelude::*};
use protocol::Problem;

use super::{Glyph, Icon, show::dynamic, unique_id};
use crate::{
    browser,
    state::{Hydrated, Submission},
};

/// A single-line text field. Its value is read on submission, see `browser::form_value`.
#[component]
pub(crate) fn Field(
    /// Name in the form; problems with this field name are shown here.
    name: &'static str,
    /// Label.
    #[prop(into)]
    label: String,
    /// Hint.
    #[prop(into, optional)]
    hint: String,
    /// `type=` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// `autocomplete=`.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Placeholder.
    #[prop(into, optional)]
    placeholder: String,
    /// Initial value.
    #[prop(into, optional)]
    value: String,
    /// May stay empty; "(optional)" is added to the label.
    #[prop(optional)]
    optional: bool,
    /// May stay empty, without an addition to the label. For filters.
    #[prop(optional)]
    filter: bool,
    /// Focus when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// Unit after a number. The hint repeats it for screen readers.
    #[prop(optional)]
    unit: &'static str,
    /// `min`, `max` and `step` of a number.
    #[prop(optional)]
    steps: Option<[String; 3]>,
    /// State of the form.
    #[prop(optional)]
    submission: Option<Submission>,
) -> impl IntoView {
    let error = field_error(name, submission);
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        let Some(input) = input.get() else { return };
        for (name, value) in ["min", "max", "step"].into_iter().zip(steps.iter().flatten()) {
            let _ = input.set_attribute(name, value);
        }
        // The `autofocus` attribute works for server-rendered fields only. Do not take the focus from a field in use.
        if autofocus && browser::no_field_has_focus() {
            let _ = input.focus();
        }
    });
    mark_invalid(input, name, submission);
    let id = unique_id(name);
    let note = format!("{id}-note");
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {label}
                {optional.then(|| view! { <span class="muted">" (optional)"</span> })}
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
                    required=!(optional || filter)
                    autofocus=autofocus
                    aria-describedby=note.clone()
                    data-testid=format!("field-{name}")
                />
                {(!unit.is_empty()).then(|| view! { <span aria-hidden="true">{unit}</span> })}
            </div>
            <FieldNote id=note hint error />
        </div>
    }
    .into_any()
}

/// A password field with a button that shows the text.
#[component]
pub(crate) fn PasswordField(
    /// Name in the form; problems with this field name are shown here.
    name: &'static str,
    /// Label.
    #[prop(into)]
    label: String,
    /// Hint.
    #[prop(into, optional)]
    hint: String,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Focus when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// State of the form.
    #[prop(optional)]
    submission: Option<Submission>,
) -> impl IntoView {
    let error = field_error(name, submission);
    let id = unique_id(name);
    let note = format!("{id}-note");
    let (shown, pending) = (RwSignal::new(false), Hydrated::pending());
    let input = NodeRef::<Input>::new();
    mark_invalid(input, name, submission);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {label}
            </label>
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
            <FieldNote id=note hint error />
        </div>
    }
    .into_any()
}

/// Marks the field as invalid while it has a problem, and focuses it if its problem is the first one.
fn mark_invalid(input: NodeRef<Input>, name: &'static str, submission: Option<Submission>) {
    let Some(Submission { problems, .. }) = submission else { return };
    Effect::new(move |_| {
        let at = problems.with(|all| all.iter().position(|p| p.field.as_deref() == Some(name)));
        if let Some(input) = input.get() {
            browser::set_or_remove_attribute(&input, "aria-invalid", at.map(|_| "true"));
            if at == Some(0) {
                let _ = input.focus();
            }
        }
    });
}

fn field_error(name: &'static str, submission: Option<Submission>) -> Memo<Option<String>> {
    Memo::new(move |_| {
        let of_this = |all: &Vec<Problem>| {
            all.iter().find(|p| p.field.as_deref() == Some(name)).map(|problem| problem.detail.clone())
        };
        submission.and_then(|submission| submission.problems.with(of_this))
    })
}

#[component]
fn FieldNote(id: String, hint: String, error: Memo<Option<String>>) -> impl IntoView {
    let empty = hint.is_empty();
    let quiet = move || empty && error.get().is_none();
    view! {
        <p
            id=id
            class="field-note"
            class:field-refusal=move || error.get().is_some()
            class:field-quiet=quiet
            aria-live="polite"
        >
            {dynamic(move || match error.get() {
                Some(text) => {
                    view! {
                        <Icon glyph=Glyph::Warning />
                        {text}
                    }
                        .into_any()
                }
                None => hint.clone().into_any(),
            })}
        </p>
    }
    .into_any()
}
