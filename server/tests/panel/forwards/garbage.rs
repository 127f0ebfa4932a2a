//! What strangers send to a port harms nobody else on it.

use types::instances::PublicAccess;

use super::{LONG, Ports, status};

/// First bytes that are no HTTP, or almost.
fn garbage() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\x00\x00\x00\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\xff\xff\xff\xff\xff\xff",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"\xff\xfe\xfd\xfc\r\n\r\n",
    ]
    .map(<[u8]>::to_vec)
    .into();
    all.push([b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'a'; 200_000]].concat());
    let mut seed = 1_u32;
    for length in [1, 7, 100, 5000] {
        let noise = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        });
        all.push(noise.take(length).collect());
    }
    all
}

/// Sends all of it beside a connection that goes on.
async fn withstand(access: PublicAccess) {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "ports", access).await;
    ports.take(id).await;
    let mut good = ports.connect().await;
    for (number, bytes) in garbage().into_iter().enumerate() {
        let mut bad = ports.connect().await;
        // It may be refused before it was read to its end.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut bad.stream, &bytes).await;
        good.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let head = good.until("\r\n\r\n").await;
        assert_eq!(status(&head), 200, "after {number}");
        good.until("App").await;
        // Half of the strangers stay, half leave in the middle.
        if number % 2 == 0 {
            let _ = bad.stream.set_zero_linger();
            drop(bad);
        } else {
            tokio::io::AsyncWriteExt::shutdown(&mut bad.stream).await.ok();
            bad.rest().await;
        }
    }
    assert!(ports.row(id).await.forward_up);
    ports.stop().await;
}

#[tokio::test]
async fn garbage_on_an_open_port_harms_no_other_connection() {
    withstand(PublicAccess::Open).await;
}

#[tokio::test]
async fn garbage_on_a_port_with_a_login_harms_no_other_connection() {
    withstand(PublicAccess::Login).await;
}
