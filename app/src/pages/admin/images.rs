//! Images: what may be launched, and how it is described.

use leptos::prelude::*;
use protocol::admin::{AdminImage, ImageEdit};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Again, Check, Dialog, Field, Form, Listing, Section, rows},
    pages::dashboard::bytes,
    state::{Hydrated, Sending, Toasts},
};

/// The section.
#[component]
pub(super) fn Images() -> impl IntoView {
    Again::provide();
    view! {
        <Section title="Images" lead="What a terminal can be made from. Only enabled images that the engine has are offered." testid="admin-images">
            <Listing read=|_| api::text::admin_images() rows=rows(|image| view! { <Row image/> }.into_any())/>
        </Section>
    }
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
    let (again, toasts) = (Again::get(), Toasts::get());
    let sending = Sending::new();
    let name = StoredValue::new(image.name.to_string());
    let send = move |form: HtmlFormElement| {
        let value = |field| browser::form_value(&form, field);
        let edit = ImageEdit {
            title: value("title"),
            description: value("description"),
            reference: value("reference"),
            enabled: value("enabled") == "on",
            default: value("default") == "on",
        };
        sending.send(async move {
            api::put_image(&name.get_value(), edit).await?;
            let _ = open.try_set(false);
            toasts.good("Image saved");
            again.now();
            Ok(())
        });
    };
    view! {
        <Form sending send label="Save" fields=&["title", "description", "reference"] closes=open submit="image-submit">
            <Field name="title" label="Title" value=image.edit.title sending/>
            <Field name="description" label="What is in it" value=image.edit.description optional=true sending/>
            <Field name="reference" label="Engine reference" hint="As the engine names it, e.g. rexec/debian:1" value=image.edit.reference sending/>
            <Check name="enabled" label="Offer it" checked=image.edit.enabled/>
            <Check name="default" label="Offer it first" checked=image.edit.default/>
        </Form>
    }
    .into_any()
}
