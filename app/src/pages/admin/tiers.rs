//! Sizes: memory and CPU a terminal may use.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{Page, Problem, ProblemKind, admin::TierEdit, terminals::Tier};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::Again;
use crate::{
    api, browser,
    components::{Check, Dialog, Fetched, Field, ProblemNote, Section, Submit, ask, shown},
    pages::dashboard::{bytes, cores},
    state::{Hydrated, Toasts},
};

const MIB: u64 = 1024 * 1024;

/// The section.
#[component]
pub(super) fn Tiers() -> impl IntoView {
    let again = Again::provide();
    let list = ask(again.0, || api::text::admin_tiers());
    view! {
        <Section title="Sizes" lead="Limits a terminal is launched with. Changes apply to terminals made from now on." testid="admin-tiers">
            <Fetched of=list show=shown(|page| view! { <List page/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn List(page: Page<Tier>) -> impl IntoView {
    view! { <ul class="list">{page.items.into_iter().map(|tier| view! { <Row tier/> }).collect_view()}</ul> }.into_any()
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
                <p class="muted small num">{bytes(tier.memory_bytes)} " memory · " {cores(tier.cpu_millis)} " cores · " {tier.pids} " processes"</p>
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
    let again = Again::get();
    let toasts = Toasts::get();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let name = StoredValue::new(tier.name.to_string());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let edit = match read(&form) {
            Ok(edit) => edit,
            Err(refusal) => return problem.set(Some(refusal)),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::put_tier(&name.get_value(), edit).await {
                Ok(_) => {
                    let _ = open.try_set(false);
                    toasts.good("Size saved");
                    again.now();
                }
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <Field name="title" label="Title" value=tier.title maxlength=64 problem/>
            <div class="form-row">
                <Field name="memory_bytes" label="Memory, in MB" hint="512 to 4096." kind="number" value=(tier.memory_bytes / MIB).to_string() problem/>
                <Field name="cpu_millis" label="CPU, in thousandths of a core" hint="100 to 8000; 1000 is one core." kind="number" value=tier.cpu_millis.to_string() problem/>
            </div>
            <Check name="default" label="Offer it first" checked=tier.default/>
            <ProblemNote problem fields=&["title", "memory_bytes", "cpu_millis"]/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Cancel"</button>
                <Submit label="Save".to_owned() busy testid="tier-submit"/>
            </div>
        </form>
    }
    .into_any()
}

fn read(form: &HtmlFormElement) -> Result<TierEdit, Problem> {
    let number = |field: &'static str, words: &str, range: std::ops::RangeInclusive<u64>| {
        let typed = browser::form_value(form, field).trim().parse::<u64>().ok();
        typed.filter(|n| range.contains(n)).ok_or_else(|| Problem::new(ProblemKind::BadRequest, words).at(field))
    };
    Ok(TierEdit {
        title: browser::form_value(form, "title"),
        memory_bytes: number("memory_bytes", "A whole number from 512 to 4096.", 512..=4096)? * MIB,
        cpu_millis: number("cpu_millis", "A whole number from 100 to 8000.", 100..=8000)? as u32,
        default: browser::form_value(form, "default") == "on",
    })
}
