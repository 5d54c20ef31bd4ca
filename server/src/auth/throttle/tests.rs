//! Tests of the throttle.

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn at(last: u8) -> Source {
    Source::address([10, 0, 0, last].into())
}

#[test]
fn waits_grow_from_half_a_minute_to_an_hour() {
    let waits: Vec<i64> = (4..14).map(|n| wait_secs(n, 5)).collect();
    assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    assert_eq!(wait_secs(u32::MAX, 5), 3600);
}

#[tokio::test]
async fn five_failures_throttle_one_name_for_one_source_only() {
    let throttle = Throttle::default();
    let login = Source::Login(SessionId::new(uuid::Uuid::nil()));
    for _ in 0..5 {
        throttle.begin_attempt(at(1), "ada", NOW).await.unwrap().failed(NOW);
    }
    assert_eq!(throttle.begin_attempt(at(1), "ada", NOW).await.unwrap_err(), RetryAfter { secs: 30, first: true });
    assert_eq!(throttle.begin_attempt(at(1), "ada", NOW).await.unwrap_err(), RetryAfter { secs: 30, first: false });
    for (source, name) in [(at(1), "bob"), (at(2), "ada"), (login, "ada")] {
        assert!(throttle.begin_attempt(source, name, NOW).await.is_ok());
    }
    let later = NOW.plus_secs(30);
    throttle.begin_attempt(at(1), "ada", later).await.unwrap().failed(later);
    assert_eq!(throttle.begin_attempt(at(1), "ada", later).await.unwrap_err(), RetryAfter { secs: 60, first: true });
    let later = later.plus_secs(60);
    throttle.begin_attempt(at(1), "ada", later).await.unwrap().succeeded();
    throttle.begin_attempt(at(1), "ada", later).await.unwrap().failed(later);
    assert!(throttle.begin_attempt(at(1), "ada", later).await.is_ok());
}

/// FINDINGS L6.
#[tokio::test]
async fn addresses_cannot_use_up_the_room_of_trusted_devices() {
    let throttle = Throttle::default();
    {
        let mut tables = throttle.tables();
        for i in 0..THROTTLE_ENTRIES {
            let key = (at(1), format!("user{i}"));
            let failures = tables.failures(&key).entry(key.clone(), NOW.millis()).unwrap();
            (failures.count, failures.at, failures.wait_until) = (9, NOW.millis(), NOW.millis() + 60_000);
        }
        while tables.overflow.take(OVERFLOW_ATTEMPTS, NOW.millis()).is_ok() {}
    }
    for _ in 0..5 {
        throttle.begin_attempt(Source::Device([7; 32]), "ada", NOW).await.unwrap().failed(NOW);
    }
    assert_eq!(throttle.begin_attempt(Source::Device([7; 32]), "ada", NOW).await.unwrap_err().secs, 30);
}

#[tokio::test]
async fn failures_of_one_address_over_all_names_are_throttled_to_one_a_minute() {
    let throttle = Throttle::default();
    for i in 0..ADDRESS_ATTEMPTS.burst {
        throttle.begin_attempt(at(1), &format!("user{i}"), NOW).await.unwrap().failed(NOW);
    }
    let mut now = NOW;
    for i in 0..5 {
        assert_eq!(
            throttle.begin_attempt(at(1), "another", now).await.unwrap_err(),
            RetryAfter { secs: 60, first: true }
        );
        now = now.plus_secs(60);
        throttle.begin_attempt(at(1), &format!("next{i}"), now).await.unwrap().failed(now);
    }
    // Failures of legitimate users over a day drain from the bucket.
    now = now.plus_secs(100 * 60);
    for i in 0..ADDRESS_ATTEMPTS.burst - 1 {
        throttle.begin_attempt(at(1), &format!("user{i}"), now).await.unwrap().failed(now);
    }
    assert!(throttle.begin_attempt(at(1), "another", now).await.is_ok());
}

/// FINDINGS A9: attempts in flight take their tokens before any of them is checked.
#[tokio::test]
async fn attempts_in_flight_are_counted_and_an_address_waits_at_most_a_minute() {
    let throttle = Throttle::default();
    let mut flying = Vec::new();
    for i in 0..1000 {
        match throttle.begin_attempt(at(1), &format!("user{i}"), NOW).await {
            Ok(attempt) => flying.push(attempt),
            Err(wait) => assert_eq!(wait.secs, 60),
        }
    }
    assert_eq!(flying.len(), 100);
    flying.into_iter().for_each(|attempt| attempt.failed(NOW));
    assert_eq!(throttle.begin_attempt(at(1), "ada", NOW).await.unwrap_err().secs, 60);
    let later = NOW.plus_secs(60);
    throttle.begin_attempt(at(1), "ada", later).await.unwrap().succeeded();
    // Success gives the token back; an attempt that was dropped does not.
    drop(throttle.begin_attempt(at(1), "ada", later).await.unwrap());
    assert_eq!(throttle.begin_attempt(at(1), "ada", later).await.unwrap_err().secs, 60);
}

#[tokio::test]
async fn the_wait_for_one_name_grows_to_an_hour() {
    let (throttle, mut now) = (Throttle::default(), NOW);
    let mut waits = Vec::new();
    for _ in 0..13 {
        throttle.begin_attempt(at(1), "ada", now).await.unwrap().failed(now);
        if let Err(wait) = throttle.begin_attempt(at(1), "ada", now).await {
            waits.push(wait.secs);
            now = now.plus_secs(i64::try_from(wait.secs).unwrap());
        }
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
}

/// FINDINGS A6.
#[test]
fn links_are_throttled_by_address_or_ipv6_network() {
    let throttle = Throttle::default();
    let begin = |address: &str, now| throttle.begin_link_attempt(address.parse().unwrap(), now).map(drop);
    for i in 0..10 {
        begin(&format!("2001:db8::{i}"), NOW).unwrap();
    }
    assert_eq!(begin("2001:db8::ffff", NOW), Err(RetryAfter { secs: 6, first: true }));
    assert_eq!(begin("2001:db8::ffff", NOW), Err(RetryAfter { secs: 6, first: false }));
    begin("2001:db8:0:1::1", NOW).unwrap();
    begin("2001:db8::ffff", NOW.plus_secs(6)).unwrap();
    assert!(begin("2001:db8::ffff", NOW.plus_secs(6)).is_err());
    for _ in 0..100 {
        throttle.begin_link_attempt([10, 0, 0, 1].into(), NOW).unwrap().succeeded();
    }
}

#[tokio::test]
async fn a_flood_of_names_evicts_no_wait() {
    let throttle = Throttle::default();
    for _ in 0..5 {
        throttle.begin_attempt(at(1), "ada", NOW).await.unwrap().failed(NOW);
    }
    let now = NOW.millis();
    for i in 0..u32::try_from(THROTTLE_ENTRIES).unwrap() + 1000 {
        let source = Source::address(std::net::Ipv4Addr::from_bits(0x0b00_0000 + i).into());
        throttle.tables().begin_attempt(&(source, "ada".into()), now).unwrap();
    }
    {
        let tables = throttle.tables();
        assert!(tables.names.len() <= THROTTLE_ENTRIES && tables.addresses.len() <= THROTTLE_ENTRIES);
    }
    assert_eq!(throttle.begin_attempt(at(1), "ada", NOW).await.unwrap_err().secs, 30);
}
