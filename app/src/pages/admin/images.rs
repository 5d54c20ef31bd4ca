//! Images: what may be launched, and how it is described.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{
    Page, Problem,
    admin::{AdminImage, ImageEdit},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::Again;
use crate::{
    api, browser,
    components::{Check, Dialog, Fetched, Field, ProblemNote, Section, Submit, ask, shown},
    pages::dashboard::bytes,
    state::{Hydrated, Toasts},
};

/// The section.
#[component]
pub(super) fn Images() -> impl IntoView {
    let again = Again::provide();
    let list = ask(again.0, || api::text::admin_images());
    view! {
        <Section title="Images" lead="What a terminal can be made from. Only enabled images that the engine has are offered." testid="admin-images">
            <Fetched of=list show=shown(|page| view! { <List page/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn List(page: Page<AdminImage>) -> impl IntoView {
    view! { <ul class="list">{page.items.into_iter().map(|image| view! { <Row image/> }).collect_view()}</ul> }
        .into_any()
}

#[component]
fn Row(image: AdminImage) -> impl IntoView {
    let editing = RwSignal::new(false);
    let pending = Hydrated::pending();
    let size = image.size_bytes.map(bytes);
    let absent = size.is_none();
    let edit = StoredValue::new(image.clone());
    view! {
        <li class="list-row" data-testid="image-row" data-name=image.name.to_string()>
            <div class="list-main">
                <p class="list-title">{image.edit.title} " " <code class="muted">{image.edit.reference}</code></p>
                <p class="muted small">{image.edit.description}</p>
            </div>
            <div class="list-end">
                {image.edit.default.then(|| view! { <span class="tag tag-accent">"Offered first"</span> })}
                {(!image.edit.enabled).then(|| view! { <span class="tag">"Not offered"</span> })}
                {absent.then(|| view! { <span class="tag tag-warning">"The engine does not have it"</span> })}
                <span class="muted small num">{size}</span>
                <button r#type="button" class="btn btn-small" disabled=pending on:click=move |_| editing.set(true) data-testid="edit-image">"Edit"</button>
            </div>
            <Dialog open=editing title="Edit image".to_owned() testid="image-dialog"><EditForm image=edit.get_value() open=editing/></Dialog>
        </li>
    }
    .into_any()
}

#[component]
fn EditForm(image: AdminImage, open: RwSignal<bool>) -> impl IntoView {
    let again = Again::get();
    let toasts = Toasts::get();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let name = StoredValue::new(image.name.to_string());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let edit = ImageEdit {
            title: browser::form_value(&form, "title"),
            description: browser::form_value(&form, "description"),
            reference: browser::form_value(&form, "reference"),
            enabled: browser::form_value(&form, "enabled") == "on",
            default: browser::form_value(&form, "default") == "on",
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::put_image(&name.get_value(), edit).await {
                Ok(_) => {
                    let _ = open.try_set(false);
                    toasts.good("Image saved");
                    again.now();
                }
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <Field name="title" label="Title" value=image.edit.title maxlength=64 problem/>
            <Field name="description" label="What is in it" value=image.edit.description optional=true maxlength=300 problem/>
            <Field name="reference" label="Engine reference" hint="As the engine names it, e.g. rexec/debian:1" value=image.edit.reference problem/>
            <Check name="enabled" label="Offer it" checked=image.edit.enabled/>
            <Check name="default" label="Offer it first" checked=image.edit.default/>
            <ProblemNote problem fields=&["title", "description", "reference"]/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Cancel"</button>
                <Submit label="Save".to_owned() busy testid="image-submit"/>
            </div>
        </form>
    }
    .into_any()
}
