//! A token bucket, kept as the time when it is full of tokens again.

/// Tokens in a burst, and the time in which one comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens of a full bucket.
    pub burst: u32,
    /// Time in which one token comes back, in milliseconds.
    pub refill_ms: u32,
}

impl Rate {
    const fn refill(self) -> i64 {
        self.refill_ms as i64
    }

    const fn burst_ms(self) -> i64 {
        self.burst as i64 * self.refill()
    }
}

/// A token bucket. The default one is full.
#[derive(Debug, Default, Clone, Copy)]
pub struct Bucket {
    /// When every token is back. Never later than one burst from now, so the wait is never longer than one token's
    /// time, however many attempts are in flight.
    full_at: i64,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// The wait until the next token in milliseconds, at most `rate.refill_ms`. Nothing was taken.
    pub fn take(&mut self, rate: Rate, now: i64) -> Result<(), i64> {
        let wait = self.wait_ms(rate, now);
        if wait > 0 {
            return Err(wait);
        }
        self.full_at = self.full_at.max(now) + rate.refill();
        Ok(())
    }

    /// The wait until the next token, in milliseconds; 0 when there is one.
    pub fn wait_ms(&self, rate: Rate, now: i64) -> i64 {
        // Bounded, because a clock that was set back must not prolong the wait.
        (self.full_at.max(now) - now + rate.refill() - rate.burst_ms()).clamp(0, rate.refill())
    }

    /// Returns a token.
    pub fn return_token(&mut self, rate: Rate) {
        self.full_at -= rate.refill();
    }

    /// When every token is back, in milliseconds.
    pub const fn full_at(&self) -> i64 {
        self.full_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, refill_ms: 100 };

    #[test]
    fn a_full_bucket_allows_a_burst_and_refills_one_token_at_a_time() {
        let mut bucket = Bucket::default();
        let taken: Vec<_> = (0..5).map(|_| bucket.take(RATE, 1000)).collect();
        assert_eq!(taken, [Ok(()), Ok(()), Ok(()), Err(100), Err(100)]);
        assert_eq!(
            (bucket.take(RATE, 1099), bucket.take(RATE, 1100), bucket.take(RATE, 1100)),
            (Err(1), Ok(()), Err(100))
        );
        bucket.return_token(RATE);
        assert_eq!(bucket.take(RATE, 1100), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_prolongs_no_wait() {
        let mut bucket = Bucket::default();
        while bucket.take(RATE, 1_000_000).is_ok() {}
        assert_eq!(bucket.wait_ms(RATE, 1000), 100);
    }
}
