//! A whole number of a form: what it is called and what it may be, said once for the field and for reading it.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind};
use web_sys::HtmlFormElement;

use super::Field;
use crate::{browser, state::Sending};

/// The number.
#[derive(Clone)]
pub(crate) struct Number {
    /// Name in the form.
    pub(crate) name: &'static str,
    /// Label, with the unit people type it in.
    pub(crate) label: &'static str,
    /// What else to know; may be empty.
    pub(crate) note: &'static str,
    /// How many of the contract's units that unit has.
    pub(crate) unit: u64,
    /// Smallest and largest, in the unit people type.
    pub(crate) range: RangeInclusive<u64>,
}

impl Number {
    /// Its field, holding `value` of the contract's units; empty where there is none.
    pub(crate) fn field(&self, value: Option<u64>, sending: Sending) -> AnyView {
        let (least, most) = (self.range.start(), self.range.end());
        let hint = format!("{least} to {most}. {}", self.note);
        let value = value.map(|value| (value / self.unit).to_string()).unwrap_or_default();
        view! { <Field name=self.name label=self.label hint kind="number" value problem=sending.problem/> }.into_any()
    }

    /// What was typed, in the contract's units.
    ///
    /// # Errors
    /// The refusal, at its field.
    pub(crate) fn read(&self, form: &HtmlFormElement) -> Result<u64, Problem> {
        let typed = browser::form_value(form, self.name).trim().parse::<u64>().ok();
        typed.filter(|n| self.range.contains(n)).map(|n| n * self.unit).ok_or_else(|| {
            let (least, most) = (self.range.start(), self.range.end());
            Problem::new(ProblemKind::BadRequest, format!("A whole number from {least} to {most}.")).at(self.name)
        })
    }
}
