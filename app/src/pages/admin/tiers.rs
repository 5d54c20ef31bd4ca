//! Tiers: memory and CPU limits of terminals.

use leptos::prelude::*;
use protocol::{
    admin::TierEdit,
    limits::{TIER_CPU_MILLIS, TIER_MEMORY_BYTES},
    terminals::Tier,
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{
        Checkbox, Dialog, Field, Form, ListSource, Listing, NumberField, Refetch, Section,
        terminal::{format_bytes, format_cores},
        u64_range,
    },
    state::{Hydrated, Submission, Toasts, all_valid},
};

const MEMORY: NumberField = NumberField {
    name: "memory_bytes",
    label: "Memory",
    unit: "MB",
    note: "",
    unit_size: 1 << 20,
    step: 256 << 20,
    range: TIER_MEMORY_BYTES,
};
const CPU: NumberField = NumberField {
    name: "cpu_millis",
    label: "CPU",
    unit: "cores",
    note: "",
    unit_size: 1000,
    step: 100,
    range: u64_range(TIER_CPU_MILLIS),
};

/// The section.
#[component]
pub(super) fn Tiers() -> impl IntoView {
    Refetch::provide();
    let source = ListSource::new(|_| api::admin_tiers(), |tier| view! { <Row tier /> }.into_any());
    view! {
        <Section
            title="Sizes"
            lead="Limits a terminal is launched with. Changes apply to terminals made from now on."
            testid="admin-tiers"
        >
            <Listing source />
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
                <p class="muted small num">
                    {format_bytes(tier.memory_bytes)} " memory · " {format_cores(tier.cpu_millis)} " · " {tier.pids}
                    " processes"
                </p>
            </div>
            <div class="list-end">
                {tier.default.then(|| view! { <span class="tag tag-accent">"Offered first"</span> })}
                <button
                    r#type="button"
                    class="btn btn-small"
                    disabled=pending
                    on:click=move |_| editing.set(true)
                    data-testid="edit-tier"
                >
                    "Edit"
                </button>
            </div>
            <Dialog open=editing title="Edit size".to_owned() testid="tier-dialog">
                <EditForm tier=edit.get_value() open=editing />
            </Dialog>
        </li>
    }
    .into_any()
}

#[component]
fn EditForm(tier: Tier, open: RwSignal<bool>) -> impl IntoView {
    let (refetch, toasts) = (Refetch::get(), Toasts::get());
    let submission = Submission::new();
    let name = StoredValue::new(tier.name.to_string());
    let send = move |form: HtmlFormElement| {
        let mut errors = Vec::new();
        let edit = TierEdit {
            title: browser::form_value(&form, "title"),
            memory_bytes: MEMORY.parse(&form, &mut errors),
            cpu_millis: CPU.parse(&form, &mut errors) as u32,
            default: browser::form_value(&form, "default") == "on",
        };
        let Some(edit) = submission.validated(all_valid(edit, errors)) else { return };
        submission.run(async move {
            api::put_tier(&name.get_value(), edit).await?;
            let _ = open.try_set(false);
            toasts.success("Size saved");
            refetch.trigger();
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Save"
            fields=&["title", "memory_bytes", "cpu_millis"]
            novalidate=true
            dialog=open
            submit="tier-submit"
        >
            <Field name="title" label="Title" value=tier.title submission />
            <div class="form-row">
                {MEMORY.view(Some(tier.memory_bytes), submission)} {CPU.view(Some(tier.cpu_millis.into()), submission)}
            </div>
            <Checkbox name="default" label="Offer it first" checked=tier.default />
        </Form>
    }
    .into_any()
}
