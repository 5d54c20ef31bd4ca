//! Quantities as text.

/// Thousandths of a core: `0.5 cores`, `1 core`.
pub(crate) fn format_cores(millis: u32) -> String {
    match (millis / 1000, millis % 1000 / 100) {
        (1, 0) => "1 core".to_owned(),
        (whole, 0) => format!("{whole} cores"),
        (whole, tenth) => format!("{whole}.{tenth} cores"),
    }
}

/// Bytes in the largest unit below them, in steps of 1024: `64 MB`, `1.5 GB`.
pub(crate) fn format_bytes(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..MIB => format!("{} kB", bytes / 1024),
        MIB..0x4000_0000 => format!("{} MB", bytes / MIB),
        _ => match (bytes / 1024 / MIB, bytes / MIB % 1024 * 10 / 1024) {
            (whole, 0) => format!("{whole} GB"),
            (whole, tenth) => format!("{whole}.{tenth} GB"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{format_bytes, format_cores};

    #[test]
    fn a_whole_core_has_no_fraction_and_no_plural() {
        for (millis, text) in [(500, "0.5 cores"), (1000, "1 core"), (1500, "1.5 cores"), (4000, "4 cores")] {
            assert_eq!(format_cores(millis), text);
        }
    }

    #[test]
    fn bytes_have_at_most_one_decimal() {
        let cases = [(12, "12 B"), (2048, "2 kB"), (64 << 20, "64 MB"), (4 << 30, "4 GB"), (3 << 29, "1.5 GB")];
        for (bytes, text) in cases {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
