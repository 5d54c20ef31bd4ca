//! A number in a form: one definition of name, unit and range for rendering and parsing.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use protocol::{Problem, ProblemKind};
use web_sys::HtmlFormElement;

use super::Field;
use crate::{browser, state::Submission};

/// The definition. Values are in units of the REST contract; the user types multiples of `unit_size`.
#[derive(Clone)]
pub(crate) struct NumberField {
    /// Name in the form.
    pub(crate) name: &'static str,
    /// Label.
    pub(crate) label: &'static str,
    /// The displayed unit.
    pub(crate) unit: &'static str,
    /// Addition to the hint; may be empty.
    pub(crate) note: &'static str,
    /// Contract units per displayed unit.
    pub(crate) unit_size: u64,
    /// Step, in contract units.
    pub(crate) step: u64,
    /// Allowed range, in contract units.
    pub(crate) range: RangeInclusive<u64>,
}

impl NumberField {
    /// The field with an initial value in contract units. [`Self::parse`] does the validation, so the form needs
    /// `novalidate`.
    pub(crate) fn view(&self, value: Option<u64>, submission: Submission) -> AnyView {
        let hint = format!("{}. {}", self.range_text(), self.note);
        let steps =
            [self.range.start(), self.range.end(), &self.step].map(|value| format_number(*value, self.unit_size));
        let value = value.map(|value| format_number(value, self.unit_size)).unwrap_or_default();
        view! { <Field name=self.name label=self.label hint kind="number" unit=self.unit steps value submission /> }
            .into_any()
    }

    /// The typed value in contract units. If it is invalid, adds to `errors` and returns 0.
    pub(crate) fn parse(&self, form: &HtmlFormElement, errors: &mut Vec<Problem>) -> u64 {
        let value = parse_number(browser::form_value(form, self.name).trim(), self.unit_size);
        value.filter(|n| self.range.contains(n)).unwrap_or_else(|| {
            errors.push(
                Problem::new(ProblemKind::BadRequest, format!("It must be {}.", self.range_text()))
                    .with_field(self.name),
            );
            0
        })
    }

    fn range_text(&self) -> String {
        let (min, max) = (self.range.start(), self.range.end());
        format!("{} to {} {}", format_number(*min, self.unit_size), format_number(*max, self.unit_size), self.unit)
    }
}

/// Widens a range to `u64`.
pub(crate) const fn u64_range(range: RangeInclusive<u32>) -> RangeInclusive<u64> {
    *range.start() as u64..=*range.end() as u64
}

/// Formats a value with up to three decimals.
fn format_number(value: u64, unit_size: u64) -> String {
    match (value / unit_size, value % unit_size * 1000 / unit_size) {
        (whole, 0) => whole.to_string(),
        (whole, rest) if rest % 100 == 0 => format!("{whole}.{}", rest / 100),
        (whole, rest) => format!("{whole}.{rest:03}"),
    }
}

/// Parses a decimal number of displayed units; `None` unless it is a whole number of contract units.
fn parse_number(text: &str, unit_size: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || part.len() > 3 {
        return None;
    }
    let thousandths = format!("{whole}{part:0<3}").parse::<u64>().ok()?.checked_mul(unit_size)?;
    (thousandths % 1000 == 0).then_some(thousandths / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatted_numbers_parse_to_the_same_value() {
        for (value, unit_size, text) in [
            (90, 60, "1.5"),
            (7200, 60, "120"),
            (100, 1000, "0.1"),
            (250, 1000, "0.250"),
            (0, 1, "0"),
            (1 << 30, 1 << 20, "1024"),
        ] {
            assert_eq!(format_number(value, unit_size), text);
            assert_eq!(parse_number(text, unit_size), Some(value));
        }
    }

    #[test]
    fn invalid_numbers_are_rejected() {
        for text in ["", ".", ".5", "-1", "1e3", "1,5", "1.2345", "0.5", "99999999999999999999"] {
            assert_eq!(parse_number(text, 1), None, "{text}");
        }
    }
}
