//! The ports that the server provides while it renders a page.

use std::{future::Future, pin::Pin, sync::Arc};

use protocol::Problem;

/// The pending result of a read.
pub type ResponseFuture<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// Reads the REST routes for the caller of one page request. The server puts it into the context as
/// `Arc<dyn Backend>`.
pub trait Backend: Send + Sync {
    /// `GET path`, where `path` includes the query.
    ///
    /// Resolves to the JSON text of a successful response, or to the problem the route responded with. The same path
    /// must give the same result for the whole page: the renderer may build a part several times, and the browser
    /// hydrates with the first result.
    fn get(&self, path: String) -> ResponseFuture<String>;
}

/// Reports that the address has no page, so that the server responds with 404. Optional in the context.
#[derive(Clone)]
pub struct OnNotFound(pub Arc<dyn Fn() + Send + Sync>);
