//! A list as every page has it: awaited, refused, empty, or its rows, growing downwards page by page.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use protocol::Page;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{
    Fetched, ProblemPage,
    fetched::{self, Again, answered},
    unique,
    when::When,
};
use crate::{
    api::TextAnswer,
    state::{Hydrated, Toasts},
};

/// How a page of the list is read; the argument is the cursor.
pub(crate) type Read = Callback<Option<String>, TextAnswer>;

/// What the items of a list look like.
#[derive(Clone)]
pub(crate) struct Rows(Arc<dyn Fn(&str) -> AnyView + Send + Sync>);

/// Shows each item of type `T` as a row.
pub(crate) fn rows<T: DeserializeOwned>(row: impl Fn(T) -> AnyView + Send + Sync + 'static) -> Rows {
    Rows(Arc::new(move |text| match fetched::read::<Page<T>>(text) {
        Ok(page) => page.items.into_iter().map(&row).collect_view().into_any(),
        Err(problem) => view! { <ProblemPage problem/> }.into_any(),
    }))
}

/// What is known of a page of any list without knowing its items.
#[derive(Deserialize)]
struct Outline {
    items: Vec<IgnoredAny>,
    next: Option<String>,
}

/// The list; where the page has an [`Again`], it is read again whenever that says so.
#[component]
pub(crate) fn Listing(
    /// Reads a page.
    #[prop(into)]
    read: Read,
    /// What its items look like: rows of a table where there are `columns`, else of a list.
    rows: Rows,
    /// Headings of the columns; an empty one holds the actions.
    #[prop(default = &[])]
    columns: &'static [&'static str],
    /// What stands there while there is nothing.
    #[prop(into, optional)]
    none: ViewFn,
    /// For tests.
    #[prop(default = "list")]
    testid: &'static str,
) -> impl IntoView {
    let first = fetched::ask(use_context::<Again>(), move || read.run(None));
    let show = answered(move |text| match fetched::read::<Outline>(&text) {
        Ok(outline) if outline.items.is_empty() => none.run(),
        Ok(outline) => view! { <Pages first=text next=outline.next read rows=rows.clone() columns testid/> }.into_any(),
        Err(problem) => view! { <ProblemPage problem/> }.into_any(),
    });
    view! { <Fetched of=first show/> }.into_any()
}

#[component]
fn Pages(
    first: String,
    next: Option<String>,
    read: Read,
    rows: Rows,
    columns: &'static [&'static str],
    testid: &'static str,
) -> impl IntoView {
    let toasts = Toasts::get();
    let pages = RwSignal::new(vec![first]);
    let next = RwSignal::new(next);
    let (pending, busy) = (Hydrated::pending(), StoredValue::new(false));
    let more = move |_| {
        // Each page once, also after a double click.
        if busy.get_value() {
            return;
        }
        busy.set_value(true);
        let answer = read.run(next.get_untracked());
        spawn_local(async move {
            let page = answer.await.and_then(|text| Ok((fetched::read::<Outline>(&text)?.next, text)));
            let _ = busy.try_set_value(false);
            match page {
                Ok((cursor, text)) => {
                    let _ = next.try_set(cursor);
                    let _ = pages.try_update(|pages| pages.push(text));
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    // A list that is read again is another list: none of its rows may be taken for one of the old.
    let list = unique(testid);
    let body = view! {
        <For each=move || pages.get().into_iter().enumerate() key=move |(index, _)| format!("{list}-{index}") let((_, text))>{(rows.0)(&text)}</For>
    };
    view! {
        {if columns.is_empty() {
            view! { <ul class="list" data-testid=testid>{body}</ul> }.into_any()
        } else {
            view! { <Table columns testid>{body}</Table> }.into_any()
        }}
        <When when=move || next.with(Option::is_some)>
            <button r#type="button" class="btn" disabled=pending on:click=more data-testid=format!("{testid}-more")>"Show more"</button>
        </When>
    }
    .into_any()
}

#[component]
fn Table(columns: &'static [&'static str], testid: &'static str, children: Children) -> impl IntoView {
    let head = columns.iter().map(|name| match *name {
        "" => view! { <th scope="col"><span class="sr-only">"Actions"</span></th> }.into_any(),
        name => view! { <th scope="col">{name}</th> }.into_any(),
    });
    view! {
        // Room for the menu of the last row, where rows have one.
        <div class="table-wrap" class:table-menus=columns.contains(&"")>
            <table class="table" data-testid=testid>
                <thead><tr>{head.collect_view()}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
