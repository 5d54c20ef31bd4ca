//! Sizes: memory and CPU a terminal may use.

use leptos::prelude::*;
use protocol::{
    admin::TierEdit,
    limits::{TIER_CPU_MILLIS, TIER_MEMORY_BYTES},
    terminals::Tier,
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Again, Check, Dialog, Field, Form, Listing, Number, Section, rows, wide},
    pages::dashboard::{bytes, cores},
    state::{Hydrated, Sending, Toasts, flawless},
};

const MEMORY: Number = Number {
    name: "memory_bytes",
    label: "Memory",
    unit: "MB",
    note: "",
    size: 1 << 20,
    step: 256 << 20,
    range: TIER_MEMORY_BYTES,
};
const CPU: Number = Number {
    name: "cpu_millis",
    label: "CPU",
    unit: "cores",
    note: "",
    size: 1000,
    step: 100,
    range: wide(TIER_CPU_MILLIS),
};

/// The section.
#[component]
pub(super) fn Tiers() -> impl IntoView {
    Again::provide();
    view! {
        <Section title="Sizes" lead="Limits a terminal is launched with. Changes apply to terminals made from now on." testid="admin-tiers">
            <Listing read=|_| api::text::admin_tiers() rows=rows(|tier| view! { <Row tier/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn Row(tier: Tier) -> impl IntoView {
    let editing = RwSignal::new(false);
    let pending = Hydrated::pending();
    let edit = StoredValue::new(tier.clone());
    view! {
        <li class="list-row" data-testid="tier-row" data-name=tier.name.to_string()>
            <div class="list-main">
                <p class="list-title">{tier.title} " " <code class="muted">{tier.name.to_string()}</code></p>
                <p class="muted small num">{bytes(tier.memory_bytes)} " memory · " {cores(tier.cpu_millis)} " · " {tier.pids} " processes"</p>
            </div>
            <div class="list-end">
                {tier.default.then(|| view! { <span class="tag tag-accent">"Offered first"</span> })}
                <button r#type="button" class="btn btn-small" disabled=pending on:click=move |_| editing.set(true) data-testid="edit-tier">"Edit"</button>
            </div>
            <Dialog open=editing title="Edit size".to_owned() testid="tier-dialog"><EditForm tier=edit.get_value() open=editing/></Dialog>
        </li>
    }
    .into_any()
}

#[component]
fn EditForm(tier: Tier, open: RwSignal<bool>) -> impl IntoView {
    let (again, toasts) = (Again::get(), Toasts::get());
    let sending = Sending::new();
    let name = StoredValue::new(tier.name.to_string());
    let send = move |form: HtmlFormElement| {
        let mut mistakes = Vec::new();
        let edit = TierEdit {
            title: browser::form_value(&form, "title"),
            memory_bytes: MEMORY.read(&form, &mut mistakes),
            cpu_millis: CPU.read(&form, &mut mistakes) as u32,
            default: browser::form_value(&form, "default") == "on",
        };
        let Some(edit) = sending.checked(flawless(edit, mistakes)) else { return };
        sending.send(async move {
            api::put_tier(&name.get_value(), edit).await?;
            let _ = open.try_set(false);
            toasts.good("Size saved");
            again.now();
            Ok(())
        });
    };
    view! {
        <Form sending send label="Save" fields=&["title", "memory_bytes", "cpu_millis"] checks=true closes=open submit="tier-submit">
            <Field name="title" label="Title" value=tier.title sending/>
            <div class="form-row">
                {MEMORY.field(Some(tier.memory_bytes), sending)}
                {CPU.field(Some(tier.cpu_millis.into()), sending)}
            </div>
            <Check name="default" label="Offer it first" checked=tier.default/>
        </Form>
    }
    .into_any()
}
