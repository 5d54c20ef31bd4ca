//! Images that terminals can be created from.

use leptos::prelude::*;
use protocol::admin::{AdminImage, ImageEdit};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Checkbox, Dialog, Field, Form, ListSource, Listing, Refetch, Section, terminal::format_bytes},
    state::{Hydrated, Submission, Toasts},
};

/// The section.
#[component]
pub(super) fn Images() -> impl IntoView {
    Refetch::provide();
    let source = ListSource::new(|_| api::admin_images(), |image| view! { <Row image /> }.into_any());
    view! {
        <Section
            title="Images"
            lead="What a terminal can be made from. Only enabled images that the engine has are offered."
            testid="admin-images"
        >
            <Listing source />
        </Section>
    }
    .into_any()
}

#[component]
fn Row(image: AdminImage) -> impl IntoView {
    let editing = RwSignal::new(false);
    let pending = Hydrated::pending();
    let size = image.size_bytes.map(format_bytes);
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
                <button
                    r#type="button"
                    class="btn btn-small"
                    disabled=pending
                    on:click=move |_| editing.set(true)
                    data-testid="edit-image"
                >
                    "Edit"
                </button>
            </div>
            <Dialog open=editing title="Edit image".to_owned() testid="image-dialog">
                <EditForm image=edit.get_value() open=editing />
            </Dialog>
        </li>
    }
    .into_any()
}

#[component]
fn EditForm(image: AdminImage, open: RwSignal<bool>) -> impl IntoView {
    let (refetch, toasts) = (Refetch::get(), Toasts::get());
    let submission = Submission::new();
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
        submission.run(async move {
            api::put_image(&name.get_value(), edit).await?;
            let _ = open.try_set(false);
            toasts.success("Image saved");
            refetch.trigger();
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Save"
            fields=&["title", "description", "reference"]
            dialog=open
            submit="image-submit"
        >
            <Field name="title" label="Title" value=image.edit.title submission />
            <Field name="description" label="What is in it" value=image.edit.description optional=true submission />
            <Field
                name="reference"
                label="Engine reference"
                hint="As the engine names it, e.g. rexec/debian:1"
                value=image.edit.reference
                submission
            />
            <Checkbox name="enabled" label="Offer it" checked=image.edit.enabled />
            <Checkbox name="default" label="Offer it first" checked=image.edit.default />
        </Form>
    }
    .into_any()
}
