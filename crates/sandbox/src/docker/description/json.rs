//! The JSON of Docker's inspect call, read by path.

use bollard::models::ContainerInspectResponse;
use serde_json::{Map, Value};

use crate::EngineError;

/// `HostConfig.SecurityOpt` of every container. Without a `seccomp` option the engine applies its default filter.
pub fn security_options() -> Vec<String> {
    vec!["no-new-privileges:true".to_owned()]
}

/// The JSON of the inspect call.
#[derive(Debug)]
pub struct Description(pub(super) Value);

impl Description {
    /// The description of `container`.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when it cannot be represented as JSON.
    pub fn new(container: &ContainerInspectResponse) -> Result<Self, EngineError> {
        let json = serde_json::to_value(container);
        json.map(Self).map_err(|e| EngineError::Failed(format!("the container's description cannot be read: {e}")))
    }

    /// The value at a path; null when it does not exist.
    pub(super) fn value(&self, path: &str) -> &Value {
        path.split('.').try_fold(&self.0, |value, key| value.get(key)).unwrap_or(&Value::Null)
    }
    pub(super) fn text(&self, path: &str) -> &str {
        self.value(path).as_str().unwrap_or_default()
    }
    /// `i64::MIN` when there is no number.
    pub(super) fn number(&self, path: &str) -> i64 {
        self.value(path).as_i64().unwrap_or(i64::MIN)
    }
    pub(super) fn flag(&self, path: &str) -> bool {
        self.value(path).as_bool().unwrap_or(false)
    }
    pub(super) fn object(&self, path: &str) -> Option<&Map<String, Value>> {
        self.value(path).as_object()
    }
    pub(super) fn array(&self, path: &str) -> impl Iterator<Item = &Value> {
        self.value(path).as_array().into_iter().flatten()
    }
    pub(super) fn list(&self, path: &str) -> Vec<String> {
        self.array(path).map(plain).collect()
    }
    pub(super) fn sorted(&self, path: &str) -> Vec<String> {
        let mut texts = self.list(path);
        texts.sort_unstable();
        texts
    }
}

/// A string without quotes, any other value as JSON.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value means "not set".
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(fields) => fields.is_empty(),
    }
}
