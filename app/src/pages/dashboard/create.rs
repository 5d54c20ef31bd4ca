//! The "New terminal" dialog: name, image and tier, then the progress of the creation.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{
    Problem, ProblemKind, TerminalId,
    names::{Slug, TerminalName},
    terminals::{CreateTerminal, Image, Phase, Tier},
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{
        Dialog, Field, Form, Loading, ProblemNote, Show, dynamic,
        terminal::{ProgressList, format_bytes, format_cores},
    },
    state::{Submission, Terminals, on_demand},
};

/// Images and tiers to choose from.
type Offer = (Vec<Image>, Vec<Tier>);

/// The dialog.
#[component]
pub(super) fn CreateDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    // Name of the terminal that is being created.
    let name_in_progress = RwSignal::new(None::<String>);
    let title = Signal::derive(move || match name_in_progress.get().filter(|_| open.get()) {
        Some(name) => format!("Starting {name}"),
        None => "New terminal".to_owned(),
    });
    view! {
        <Dialog open title wide=true testid="launch-dialog">
            <Create open name_in_progress />
        </Dialog>
    }
    .into_any()
}

/// State of one creation.
#[derive(Clone, Copy)]
struct Creation {
    submission: Submission,
    /// Terminals that existed before the form was submitted.
    existing: RwSignal<Vec<TerminalId>>,
    /// The new terminal, as soon as its id is known.
    id: RwSignal<Option<TerminalId>>,
}

#[component]
fn Create(open: RwSignal<bool>, name_in_progress: RwSignal<Option<String>>) -> impl IntoView {
    let terminals = Terminals::get();
    let creation =
        Creation { submission: Submission::new(), existing: RwSignal::new(Vec::new()), id: RwSignal::new(None) };
    // True from submission until the terminal runs or the creation fails.
    let in_progress = Memo::new(move |_| creation.submission.busy.get() || creation.id.get().is_some());
    let offer = on_demand(|| async {
        let (images, tiers) = (api::images().await?, api::tiers().await?);
        Ok::<Offer, Problem>((images.items, tiers.items))
    });
    let shown = Signal::derive(move || {
        creation.id.get().or_else(|| creation.existing.with(|existing| terminals.creation_since(existing)))
    });
    follow_creation(creation, open);
    Effect::new(move |_| {
        let name = shown.get().and_then(|id| terminals.find(id)).map(|t| t.name.to_string());
        name_in_progress.set(in_progress.get().then(|| name.unwrap_or_else(|| "the terminal".to_owned())));
    });
    view! {
        <div class="launch">
            {dynamic(move || match offer.get() {
                None => view! { <Loading rows=4 /> }.into_any(),
                Some(Err(problem)) => view! { <ProblemNote problem=Some(problem) /> }.into_any(),
                Some(Ok(offer)) => {
                    view! {
                        <div hidden=move || in_progress.get()>
                            <CreateForm creation offer open />
                        </div>
                    }
                        .into_any()
                }
            })} <Show when=move || in_progress.get()>
                <ProgressList id=shown />
                <p class="muted">"You can close this; it goes on."</p>
            </Show>
        </div>
    }
    .into_any()
}

/// Opens the terminal when it runs, and shows the form again when the creation fails.
fn follow_creation(creation: Creation, open: RwSignal<bool>) {
    let terminals = Terminals::get();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let Some(id) = creation.id.get() else { return };
        let fail = |reason: String| {
            creation.submission.problems.set(vec![Problem::new(ProblemKind::Unavailable, reason)]);
            creation.id.set(None);
        };
        if let Some(reason) = terminals.failure(id) {
            return fail(reason);
        }
        match terminals.find(id).map(|t| (t.phase, t.error)) {
            Some((Phase::Running, _)) => {
                open.set(false);
                navigate(&format!("/terminals/{id}"), NavigateOptions::default());
            }
            Some((Phase::Failed, error)) => fail(error.unwrap_or_else(|| "It did not start.".to_owned())),
            _ => {}
        }
    });
    // Polls as well, because events may be missed (proxies, suspended machines).
    Effect::new(move |_| {
        let poll = move || {
            if let Some(id) = creation.id.try_get_untracked().flatten() {
                terminals.reload_one(id);
            }
        };
        if let Ok(timer) = set_interval_with_handle(poll, std::time::Duration::from_secs(2)) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn CreateForm(creation: Creation, offer: Offer, open: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let (images, tiers) = offer;
    // The limit is shown if it is the same for all tiers.
    let limits = match tiers.first().map(|tier| tier.pids) {
        Some(pids) if tiers.iter().all(|tier| tier.pids == pids) => format!("No swap; up to {pids} processes each."),
        _ => "No swap.".to_owned(),
    };
    let none_available = images.iter().all(|image| !image.available);
    let Creation { submission, existing, id } = creation;
    let send = move |form: HtmlFormElement| {
        existing.set(terminals.ids_untracked());
        let version = terminals.next_version();
        submission.run(async move {
            let terminal = api::create_terminal(&parse_form(&form)?).await?;
            let created = terminal.id;
            // Events of the terminal may arrive before the response.
            terminals.put_versioned(terminal, version);
            let _ = id.try_set(Some(created));
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Create"
            disabled=Signal::stored(none_available)
            fields=&["name"]
            dialog=open
            testid="launch-form"
            submit="launch-submit"
        >
            <Field
                name="name"
                label="Name"
                optional=true
                hint="Left empty, a name is made up."
                autofocus=true
                submission
            />
            <fieldset class="choices">
                <legend class="field-label">"Image"</legend>
                {images.into_iter().map(|image| view! { <ImageChoice image /> }).collect_view()}
            </fieldset>
            <fieldset class="choices choices-sizes">
                <legend class="field-label">"Size"</legend>
                {tiers.into_iter().map(|tier| view! { <TierChoice tier /> }).collect_view()}
                <p class="field-hint num">{limits}</p>
            </fieldset>
        </Form>
    }
    .into_any()
}

#[component]
fn ImageChoice(image: Image) -> impl IntoView {
    let size = image.size_bytes.map(format_bytes);
    view! {
        <label class="choice" class:choice-off=!image.available data-testid=format!("image-{}", image.name)>
            <input
                r#type="radio"
                name="image"
                value=image.name.to_string()
                checked=image.default && image.available
                disabled=!image.available
                required=true
            />
            <span class="choice-title">{image.title}</span>
            <span class="choice-text">{image.description}</span>
            <span class="choice-fact num">
                {if image.available { size } else { Some("Not on this server yet".to_owned()) }}
            </span>
        </label>
    }
    .into_any()
}

#[component]
fn TierChoice(tier: Tier) -> impl IntoView {
    view! {
        <label class="choice" data-testid=format!("tier-{}", tier.name)>
            <input r#type="radio" name="tier" value=tier.name.to_string() checked=tier.default required=true />
            <span class="choice-title">{tier.title}</span>
            <span class="choice-text num">
                {format_bytes(tier.memory_bytes)} " · " {format_cores(tier.cpu_millis)}
            </span>
        </label>
    }
    .into_any()
}

fn parse_form(form: &HtmlFormElement) -> Result<CreateTerminal, Problem> {
    let fail = |detail: &str, field| Problem::new(ProblemKind::BadRequest, detail).with_field(field);
    let typed = browser::form_value(form, "name");
    let name = (!typed.trim().is_empty()).then(|| TerminalName::parse(&typed)).transpose();
    let slug = |field| Slug::parse(&browser::form_value(form, field)).map_err(|bad| fail(bad.0, field));
    Ok(CreateTerminal {
        name: name.map_err(|bad| fail(bad.0, "name"))?,
        image: slug("image")?,
        tier: Some(slug("tier")?),
        profile: None,
        egress: None,
    })
}
