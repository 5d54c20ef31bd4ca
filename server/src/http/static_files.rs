//! The site's files, embedded in the binary with compressed copies that are made at build time.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::EmbeddedFile;

/// Returns the embedded file of a path, or `None` when the binary has no such file.
pub type Site = fn(&str) -> Option<EmbeddedFile>;

/// Whether this binary has the pages' script and style.
pub fn built(site: Site) -> bool {
    site("pkg/rexec.css").is_some()
}

/// The response with a file of the site; `None` when there is no such file.
pub fn serve(site: Site, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let path = uri.path().trim_start_matches('/');
    if path.is_empty() || path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    let plain = site(path)?;
    let etag = format!("\"{}\"", data_encoding::BASE64URL_NOPAD.encode(&plain.metadata.sha256_hash()[..18]));
    let asked = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    let mut response = if asked(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        chosen(site, path, plain.data, asked(header::ACCEPT_ENCODING))
    };
    let out = response.headers_mut();
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    if let (Ok(mime), Ok(etag)) = (HeaderValue::from_str(mime.as_ref()), HeaderValue::from_str(&etag)) {
        out.insert(header::CONTENT_TYPE, mime);
        out.insert(header::ETAG, etag);
    }
    // File names are stable, so browsers revalidate every time; the response is usually 304.
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Some(response)
}

fn chosen(site: Site, path: &str, plain: std::borrow::Cow<'static, [u8]>, accepts: &str) -> Response {
    let takes =
        |coding: &str| accepts.split(',').any(|a| a.split(';').next().is_some_and(|name| name.trim() == coding));
    for (coding, ending) in [("br", ".br"), ("gzip", ".gz")] {
        if takes(coding)
            && let Some(file) = site(&format!("{path}{ending}"))
        {
            return ([(header::CONTENT_ENCODING, coding)], file.data).into_response();
        }
    }
    plain.into_response()
}
