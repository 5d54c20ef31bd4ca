//! A list of items from a paged route: loading, error, empty, or rows with a "Show more" button.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use protocol::{Page, Problem};
use serde::de::DeserializeOwned;

use super::{
    Fetched, ProblemPage,
    fetched::{Fetch, Refetch},
    show::Show,
    unique_id,
};
use crate::{
    api::Read,
    backend::ResponseFuture,
    state::{Hydrated, Toasts},
};

/// One page of a list, decoded, without the type of its items.
#[derive(Clone)]
struct RowsPage {
    rows: Arc<dyn Fn() -> AnyView + Send + Sync>,
    is_empty: bool,
    next: Option<String>,
}

type ReadPage = dyn Fn(Option<String>) -> ResponseFuture<String> + Send + Sync;
type DecodePage = dyn Fn(&str) -> Result<RowsPage, Problem> + Send + Sync;

/// Where the pages of a list come from and how their items are shown.
#[derive(Clone)]
pub(crate) struct ListSource {
    read: Arc<ReadPage>,
    decode: Arc<DecodePage>,
}

impl ListSource {
    /// `read` gets the cursor of the page, `row` shows one item.
    pub(crate) fn new<T: DeserializeOwned + Clone + Send + Sync + 'static>(
        read: impl Fn(Option<String>) -> Read<Page<T>> + Send + Sync + 'static,
        row: impl Fn(T) -> AnyView + Send + Sync + 'static,
    ) -> Self {
        let row = Arc::new(row);
        let decode = move |text: &str| {
            let Page { items, next } = Read::<Page<T>>::decode(text)?;
            let (is_empty, row) = (items.is_empty(), row.clone());
            let rows = Arc::new(move || items.iter().cloned().map(&*row).collect_view().into_any());
            Ok(RowsPage { rows, is_empty, next })
        };
        Self { read: Arc::new(move |after| read(after).text()), decode: Arc::new(decode) }
    }

    async fn page(self, text: ResponseFuture<String>) -> Result<RowsPage, Problem> {
        (self.decode)(&text.await?)
    }
}

/// The list. It reloads with the [`Refetch`] of the context, if there is one.
#[component]
pub(crate) fn Listing(
    /// Pages and rows.
    source: ListSource,
    /// Column headings; an empty one is the column of actions. Without columns the rows are `<li>`, else `<tr>`.
    #[prop(default = &[])]
    columns: &'static [&'static str],
    /// Shown when there are no items.
    #[prop(into, optional)]
    empty: ViewFn,
    /// `data-testid`.
    #[prop(default = "list")]
    testid: &'static str,
) -> impl IntoView {
    let first = source.read.clone();
    let view = move |text: Result<String, Problem>| match text.and_then(|text| (source.decode)(&text)) {
        Ok(page) if page.is_empty => empty.run(),
        Ok(page) => view! { <Pages first=page source=source.clone() columns testid /> }.into_any(),
        Err(problem) => view! { <ProblemPage problem /> }.into_any(),
    };
    let fetch = Fetch::of_text(use_context::<Refetch>(), Arc::new(move || first(None)), Arc::new(view));
    view! { <Fetched fetch /> }.into_any()
}

#[component]
fn Pages(first: RowsPage, source: ListSource, columns: &'static [&'static str], testid: &'static str) -> impl IntoView {
    let toasts = Toasts::get();
    let next = RwSignal::new(first.next.clone());
    let pages = RwSignal::new(vec![first]);
    let (pending, busy) = (Hydrated::pending(), StoredValue::new(false));
    let load_more = move |_| {
        // A double click must not load the same page twice.
        if busy.get_value() {
            return;
        }
        busy.set_value(true);
        let page = source.clone().page((source.read)(next.get_untracked()));
        spawn_local(async move {
            let page = page.await;
            let _ = busy.try_set_value(false);
            match page {
                Ok(page) => {
                    let _ = next.try_set(page.next.clone());
                    let _ = pages.try_update(|pages| pages.push(page));
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    // The key contains an id of this list, so that no row of an earlier load is reused after a reload.
    let list_id = unique_id(testid);
    let body = view! {
        <For
            each=move || pages.get().into_iter().enumerate()
            key=move |(index, _)| format!("{list_id}-{index}")
            let((_, page))
        >
            {(page.rows)()}
        </For>
    };
    view! {
        <Container columns testid>
            {body}
        </Container>
        <Show when=move || next.with(Option::is_some)>
            <button
                r#type="button"
                class="btn"
                disabled=pending
                on:click=load_more.clone()
                data-testid=format!("{testid}-more")
            >
                "Show more"
            </button>
        </Show>
    }
    .into_any()
}

#[component]
fn Container(columns: &'static [&'static str], testid: &'static str, children: Children) -> impl IntoView {
    if columns.is_empty() {
        return view! {
            <ul class="list" data-testid=testid>
                {children()}
            </ul>
        }
        .into_any();
    }
    let head = columns.iter().map(|name| match *name {
        "" => view! {
            <th scope="col">
                <span class="sr-only">"Actions"</span>
            </th>
        }
        .into_any(),
        name => view! { <th scope="col">{name}</th> }.into_any(),
    });
    view! {
        // The class reserves space for the menu of the last row.
        <div class="table-wrap" class:table-menus=columns.contains(&"")>
            <table class="table" data-testid=testid>
                <thead>
                    <tr>{head.collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
