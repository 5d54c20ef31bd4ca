//! "New terminal": name, image and tier as cards with their limits, then the steps as they happen.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{
    Problem, ProblemKind, TerminalId,
    names::{Slug, TerminalName},
    terminals::{CreateTerminal, Image, TerminalState, Tier},
};
use web_sys::HtmlFormElement;

use super::{
    card::{bytes, cores},
    progress::StageList,
};
use crate::{
    api, browser,
    components::{Dialog, Field, Form, Loading, ProblemNote, When, dynamic},
    state::{Sending, Terminals, late},
};

/// What may be launched.
type Offer = (Vec<Image>, Vec<Tier>);

/// The dialog.
#[component]
pub(super) fn LaunchDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    // What is being made, while it is.
    let under_way = RwSignal::new(None::<String>);
    let title = Signal::derive(move || match under_way.get().filter(|_| open.get()) {
        Some(name) => format!("Starting {name}"),
        None => "New terminal".to_owned(),
    });
    view! {
        <Dialog open title wide=true testid="launch-dialog"><Launch open under_way/></Dialog>
    }
    .into_any()
}

/// One launch from form to prompt.
#[derive(Clone, Copy)]
struct Launching {
    sending: Sending,
    /// Terminals that were there before the button was pressed.
    before: RwSignal<Vec<TerminalId>>,
    /// The one that is being made, as soon as its id is known.
    id: RwSignal<Option<TerminalId>>,
}

#[component]
fn Launch(open: RwSignal<bool>, under_way: RwSignal<Option<String>>) -> impl IntoView {
    let terminals = Terminals::get();
    let launch = Launching { sending: Sending::new(), before: RwSignal::new(Vec::new()), id: RwSignal::new(None) };
    // From the press of the button until there is a prompt or a refusal.
    let goes_on = Memo::new(move |_| launch.sending.busy.get() || launch.id.get().is_some());
    let offer = late(|| async {
        let (images, tiers) = (api::images().await?, api::tiers().await?);
        Ok::<Offer, Problem>((images.items, tiers.items))
    });
    let shown = Signal::derive(move || {
        launch.id.get().or_else(|| launch.before.with(|before| terminals.launch_beyond(before)))
    });
    follow(launch, open);
    Effect::new(move |_| {
        let name = shown.get().and_then(|id| terminals.one(id)).map(|t| t.name.to_string());
        under_way.set(goes_on.get().then(|| name.unwrap_or_else(|| "the terminal".to_owned())));
    });
    view! {
        <div class="launch">
            {dynamic(move || match offer.get() {
                None => view! { <Loading rows=4/> }.into_any(),
                Some(Err(problem)) => view! { <ProblemNote problem=Some(problem)/> }.into_any(),
                Some(Ok(offer)) => view! { <div hidden=move || goes_on.get()><LaunchForm launch offer open/></div> }.into_any(),
            })}
            <When when=move || goes_on.get()>
                <StageList id=shown/>
                <p class="muted">"You can close this; it goes on."</p>
            </When>
        </div>
    }
    .into_any()
}

/// Leads to the prompt as soon as there is one, and back to the form when the launch failed.
fn follow(launch: Launching, open: RwSignal<bool>) {
    let terminals = Terminals::get();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let Some(id) = launch.id.get() else { return };
        let refuse = |reason: String| {
            launch.sending.problems.set(vec![Problem::new(ProblemKind::Unavailable, reason)]);
            launch.id.set(None);
        };
        if let Some(reason) = terminals.failure(id) {
            return refuse(reason);
        }
        match terminals.one(id).map(|t| (t.state, t.error)) {
            Some((TerminalState::Running, _)) => {
                open.set(false);
                navigate(&format!("/terminals/{id}"), NavigateOptions::default());
            }
            Some((TerminalState::Failed, error)) => refuse(error.unwrap_or_else(|| "It did not start.".to_owned())),
            _ => {}
        }
    });
    // Events may be missed (a proxy, a sleeping laptop): ask as well.
    Effect::new(move |_| {
        let ask = move || {
            if let Some(id) = launch.id.try_get_untracked().flatten() {
                terminals.reload_one(id);
            }
        };
        if let Ok(timer) = set_interval_with_handle(ask, std::time::Duration::from_secs(2)) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn LaunchForm(launch: Launching, offer: Offer, open: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let (images, tiers) = offer;
    // The same for all of them, as long as an administrator leaves it so.
    let limits = match tiers.first().map(|tier| tier.pids) {
        Some(pids) if tiers.iter().all(|tier| tier.pids == pids) => format!("No swap; up to {pids} processes each."),
        _ => "No swap.".to_owned(),
    };
    let nothing = images.iter().all(|image| !image.available);
    let Launching { sending, before, id } = launch;
    let send = move |form: HtmlFormElement| {
        before.set(terminals.ids_untracked());
        let asked = terminals.count();
        sending.send(async move {
            let terminal = api::create_terminal(&read(&form)?).await?;
            let made = terminal.id;
            // Its events may have been faster.
            terminals.put_asked(terminal, asked);
            let _ = id.try_set(Some(made));
            Ok(())
        });
    };
    view! {
        <Form sending send label="Create" disabled=Signal::stored(nothing) fields=&["name"] closes=open testid="launch-form" submit="launch-submit">
            <Field name="name" label="Name" optional=true hint="Left empty, a name is made up." autofocus=true sending/>
            <fieldset class="choices">
                <legend class="field-label">"Image"</legend>
                {images.into_iter().map(|image| view! { <ImageChoice image/> }).collect_view()}
            </fieldset>
            <fieldset class="choices choices-sizes">
                <legend class="field-label">"Size"</legend>
                {tiers.into_iter().map(|tier| view! { <TierChoice tier/> }).collect_view()}
                <p class="field-hint num">{limits}</p>
            </fieldset>
        </Form>
    }
    .into_any()
}

#[component]
fn ImageChoice(image: Image) -> impl IntoView {
    let size = image.size_bytes.map(bytes);
    view! {
        <label class="choice" class:choice-off=!image.available data-testid=format!("image-{}", image.name)>
            <input r#type="radio" name="image" value=image.name.to_string() checked=image.default && image.available disabled=!image.available required=true/>
            <span class="choice-title">{image.title}</span>
            <span class="choice-text">{image.description}</span>
            <span class="choice-fact num">{if image.available { size } else { Some("Not on this server yet".to_owned()) }}</span>
        </label>
    }
    .into_any()
}

#[component]
fn TierChoice(tier: Tier) -> impl IntoView {
    view! {
        <label class="choice" data-testid=format!("tier-{}", tier.name)>
            <input r#type="radio" name="tier" value=tier.name.to_string() checked=tier.default required=true/>
            <span class="choice-title">{tier.title}</span>
            <span class="choice-text num">{bytes(tier.memory_bytes)} " · " {cores(tier.cpu_millis)}</span>
        </label>
    }
    .into_any()
}

fn read(form: &HtmlFormElement) -> Result<CreateTerminal, Problem> {
    let refuse = |words: &str, field| Problem::new(ProblemKind::BadRequest, words).at(field);
    let typed = browser::form_value(form, "name");
    let name = (!typed.trim().is_empty()).then(|| TerminalName::parse(&typed)).transpose();
    let slug = |field| Slug::parse(&browser::form_value(form, field)).map_err(|bad| refuse(bad.0, field));
    Ok(CreateTerminal {
        name: name.map_err(|bad| refuse(bad.0, "name"))?,
        image: slug("image")?,
        tier: Some(slug("tier")?),
        profile: None,
        egress: None,
    })
}
