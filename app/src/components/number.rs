//! A number of a form: what it is called, its unit and what it may be, said once for the field and for reading it.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind};
use web_sys::HtmlFormElement;

use super::Field;
use crate::{browser, state::Sending};

/// The number. Between the contract's units and those people type only `size` stands.
#[derive(Clone)]
pub(crate) struct Number {
    /// Name in the form.
    pub(crate) name: &'static str,
    /// Label.
    pub(crate) label: &'static str,
    /// The unit people type it in, as it stands behind the figure.
    pub(crate) unit: &'static str,
    /// What else to know; may be empty.
    pub(crate) note: &'static str,
    /// How many of the contract's units that unit has.
    pub(crate) size: u64,
    /// From one choice to the next, in the contract's units.
    pub(crate) step: u64,
    /// Smallest and largest, in the contract's units.
    pub(crate) range: RangeInclusive<u64>,
}

impl Number {
    /// Its field, holding `value` of the contract's units; empty where there is none. The form it stands in leaves the
    /// checking to [`Self::read`].
    pub(crate) fn field(&self, value: Option<u64>, sending: Sending) -> AnyView {
        let hint = format!("{}. {}", self.bounds(), self.note);
        let steps = [self.range.start(), self.range.end(), &self.step].map(|value| written(*value, self.size));
        let value = value.map(|value| written(value, self.size)).unwrap_or_default();
        view! { <Field name=self.name label=self.label hint kind="number" unit=self.unit steps value sending/> }
            .into_any()
    }

    /// What was typed, in the contract's units; else one more of the form's `mistakes`, and nought.
    pub(crate) fn read(&self, form: &HtmlFormElement, mistakes: &mut Vec<Problem>) -> u64 {
        let typed = parsed(browser::form_value(form, self.name).trim(), self.size);
        typed.filter(|n| self.range.contains(n)).unwrap_or_else(|| {
            mistakes
                .push(Problem::new(ProblemKind::BadRequest, format!("It must be {}.", self.bounds())).at(self.name));
            0
        })
    }

    fn bounds(&self) -> String {
        let (least, most) = (self.range.start(), self.range.end());
        format!("{} to {} {}", written(*least, self.size), written(*most, self.size), self.unit)
    }
}

/// A range of the contract's 32 bits, as numbers have it.
pub(crate) const fn wide(range: RangeInclusive<u32>) -> RangeInclusive<u64> {
    *range.start() as u64..=*range.end() as u64
}

/// As people read and type it, to a thousandth.
fn written(value: u64, size: u64) -> String {
    match (value / size, value % size * 1000 / size) {
        (whole, 0) => whole.to_string(),
        (whole, rest) if rest % 100 == 0 => format!("{whole}.{}", rest / 100),
        (whole, rest) => format!("{whole}.{rest:03}"),
    }
}

/// What stands there in units of `size`; nothing for what is not a whole number of the contract's.
fn parsed(text: &str, size: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || part.len() > 3 {
        return None;
    }
    let thousandths = format!("{whole}{part:0<3}").parse::<u64>().ok()?.checked_mul(size)?;
    (thousandths % 1000 == 0).then_some(thousandths / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (value, size, text) in [
            (90, 60, "1.5"),
            (7200, 60, "120"),
            (100, 1000, "0.1"),
            (250, 1000, "0.250"),
            (0, 1, "0"),
            (1 << 30, 1 << 20, "1024"),
        ] {
            assert_eq!(written(value, size), text);
            assert_eq!(parsed(text, size), Some(value));
        }
    }

    #[test]
    fn what_is_no_number_of_them_is_nothing() {
        for text in ["", ".", ".5", "-1", "1e3", "1,5", "1.2345", "0.5", "99999999999999999999"] {
            assert_eq!(parsed(text, 1), None, "{text}");
        }
    }
}
