//! server lib
