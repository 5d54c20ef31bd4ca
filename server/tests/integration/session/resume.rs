//! Resuming after the loss of the socket, the server or the container: exact by position, or a redraw of the same
//! screen.

use super::fixture::SessionFixture;

/// The visible screen, cursor and primary screen after these bytes.
fn shown(bytes: &[u8]) -> (Vec<String>, avt::Cursor, Vec<String>) {
    let mut terminal = avt::Terminal::new(80, 24).unwrap();
    terminal.feed(&*String::from_utf8_lossy(bytes));
    let rows = |s: avt::Screen<'_>| s.visible_lines().map(|l| format!("{:?}", l.cells())).collect();
    (rows(terminal.screen()), terminal.cursor(), rows(terminal.primary_screen()))
}

#[tokio::test]
async fn reconnecting_at_any_position_neither_loses_nor_repeats_a_byte() {
    let fixture = SessionFixture::start().await;
    let mut first = fixture.attach("&cols=80&rows=24").await;
    // `read` prevents a prompt after the output.
    let output = "for i in 1 2 3 4 5 6 7 8; do printf '€ü%s世' $i; done; seq 1 3000; printf .-$((40+2)); read x";
    first.type_line(output).await;
    first.until(".-42").await;
    let (start, all) = (first.start, first.bytes.clone());
    let mut seed = 7u64;
    for attempt in 0..1000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (seed >> 33) % all.len() as u64;
        let mut again = fixture.attach(&format!("&from={}", start + at)).await;
        assert_eq!((again.hello.position, again.start), (start + at, start + at));
        again.reach(start + all.len() as u64).await;
        assert!(again.bytes == all[usize::try_from(at).unwrap()..], "attempt {attempt} at {at}");
        assert_eq!(again.redraws, 0);
    }
}

#[tokio::test]
async fn a_position_outside_the_kept_output_gives_a_redraw() {
    let fixture = SessionFixture::start().await;
    let mut first = fixture.attach("&cols=80&rows=24").await;
    first.type_line("seq 1 300000; echo .-$((40+2))").await;
    first.until(".-42").await;
    for from in [first.start, 1, first.position() + 1_000_000, u64::MAX] {
        let mut late = fixture.attach(&format!("&from={from}")).await;
        late.type_line("echo $((40+2))-late").await;
        late.until("42-late").await;
        assert_eq!(late.redraws, 1, "from {from}");
        assert!(String::from_utf8_lossy(&late.redraw.clone().unwrap()).contains("300000"));
    }
}

#[tokio::test]
async fn a_redraw_equals_the_screen_of_a_client_attached_from_the_start() {
    let fixture = SessionFixture::start().await;
    let mut first = fixture.attach("&cols=80&rows=24").await;
    let script = fixture.path("edit.sh");
    let editor = r#"printf 'before\n'; printf '\033[?1049h\033[2J\033[3;10r\033[?2004h\033[?1h'
        for i in 1 2 3 4 5 6 7 8 9 10 11 12; do printf '\033[%d;%dH\033[3%dmline %d 世界\033[m' $i $i $((i%8)) $i; done
        printf '\033[10;1H\n\n\033[5;7H\033(0lqk\033(B'; printf 'ready'; read x; printf '\033[?1049l'; echo after"#;
    std::fs::write(&script, editor).unwrap();
    first.type_line(&format!("sh {script}")).await;
    first.until("ready").await;
    let mut second = fixture.attach("").await;
    second.redrawn(first.position()).await;
    let first_screen = [first.redraw.as_deref().unwrap(), &first.bytes].concat();
    let second_screen = [second.redraw.as_deref().unwrap(), &second.bytes].concat();
    assert_eq!(shown(&second_screen), shown(&first_screen));
    first.type_line("").await;
    first.until("after").await;
    second.redrawn(first.position()).await;
    let first_screen = [first.redraw.as_deref().unwrap(), &first.bytes].concat();
    let second_screen = [second.redraw.as_deref().unwrap(), &second.bytes].concat();
    assert_eq!(shown(&second_screen), shown(&first_screen), "and after the editor gave the screen back");
}

#[tokio::test]
async fn the_shell_survives_a_server_crash_and_clients_resume_exactly() {
    let mut fixture = SessionFixture::start().await;
    let mut client = fixture.attach("&cols=80&rows=24").await;
    let go = fixture.path("go");
    client
        .type_line(&format!("x=kept; echo rea''dy; while ! [ -e {go} ]; do sleep 0.01; done; echo while-$((40+2))"))
        .await;
    client.until("ready").await;
    let position = client.position();
    fixture.kill_server();
    std::fs::write(&go, "").unwrap();
    fixture.start_server().await;
    let mut again = fixture.attach(&format!("&from={position}")).await;
    again.until("while-42").await;
    assert_eq!((again.redraws, again.start), (0, position), "exactly what was missed");
    again.type_line("echo $x-$((40+2))").await;
    again.until("kept-42").await;
    // A client without a position gets the screen, rebuilt from what the guest kept.
    let mut fresh = fixture.attach("").await;
    fresh.redrawn(again.position()).await;
    assert!(String::from_utf8_lossy(fresh.redraw.as_deref().unwrap()).contains("kept-42"));
}

#[tokio::test]
async fn a_restarted_container_has_new_shells_and_rejects_old_positions() {
    let mut fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    client.type_line("x=lost; echo rea''dy").await;
    client.until("ready").await;
    fixture.kill_guest();
    client.warned(protocol::ProblemKind::Unavailable).await;
    fixture.start_guest();
    assert_eq!(client.closed().await, 4503, "reconnect");
    let mut again = fixture.attach(&format!("&from={}", client.position())).await;
    again.type_line("echo \"[$x]\"-$((40+2))").await;
    again.until("[]-42").await;
    assert_eq!(again.redraws, 1);
}
