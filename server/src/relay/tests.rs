use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use super::*;

const DEADLINE: Duration = Duration::from_mins(1);

/// Two ends of one connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

fn end(side: Side, early: &'static [u8]) -> End {
    End {
        side,
        early: Bytes::from_static(early),
    }
}

/// Client, server, and the relay between them.
async fn sockets(early: &'static [u8]) -> (TcpStream, TcpStream, JoinHandle<io::Result<()>>) {
    let ((client, one), (other, server)) = (pair().await, pair().await);
    let between = tokio::spawn(relay(end(Side::Tcp(one), early), end(Side::Tcp(other), b"")));
    (client, server, between)
}

fn streams() -> (DuplexStream, DuplexStream, JoinHandle<io::Result<()>>) {
    let (client, one) = tokio::io::duplex(1000);
    let (other, server) = tokio::io::duplex(1000);
    let between = tokio::spawn(relay(
        end(Side::Other(Box::new(one)), b""),
        end(Side::Other(Box::new(other)), b""),
    ));
    (client, server, between)
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(bytes)
    .collect()
}

/// Sends much one way and little the other, and compares.
async fn carries<S>(client: S, server: S, between: JoinHandle<io::Result<()>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let sent = noise(9_000_001);
    let upload = sent.clone();
    let (mut client_reads, mut client_writes) = tokio::io::split(client);
    let writing = tokio::spawn(async move {
        client_writes.write_all(&upload).await.unwrap();
        client_writes.shutdown().await.unwrap();
    });
    let (mut server_reads, mut server_writes) = tokio::io::split(server);
    let mut received = Vec::new();
    timeout(DEADLINE, server_reads.read_to_end(&mut received))
        .await
        .unwrap()
        .unwrap();
    writing.await.unwrap();
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    // The other direction outlives the end of the first.
    server_writes.write_all(b"done").await.unwrap();
    server_writes.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, client_reads.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer, b"done");
    timeout(DEADLINE, between).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn sockets_carry_everything_and_end_one_side_at_a_time() {
    let (client, server, between) = sockets(b"").await;
    carries(client, server, between).await;
}

#[tokio::test]
async fn other_streams_do_too() {
    let (client, server, between) = streams();
    carries(client, server, between).await;
}

#[tokio::test]
async fn what_was_read_before_comes_first() {
    let (mut client, mut server, _between) = sockets(b"early ").await;
    client.write_all(b"late").await.unwrap();
    let mut received = [0; 10];
    timeout(DEADLINE, server.read_exact(&mut received))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&received, b"early late");
}

#[tokio::test]
async fn a_side_that_is_cut_ends_the_relay() {
    let (client, mut server, between) = sockets(b"").await;
    client.set_zero_linger().unwrap();
    drop(client);
    let ended = timeout(DEADLINE, between).await.unwrap().unwrap();
    assert!(ended.is_err(), "a reset is no orderly end");
    assert!(!matches!(server.read(&mut [0; 1]).await, Ok(1..)));
}

#[tokio::test]
async fn a_reader_that_is_slow_holds_the_writer_back() {
    let (mut client, mut server, _between) = sockets(b"").await;
    let sent = noise(20_000_000);
    let upload = sent.clone();
    let writing = tokio::spawn(async move { client.write_all(&upload).await });
    let mut received = vec![0; sent.len()];
    let mut at = 0;
    while at < received.len() {
        // Small pieces with others' turns in between: the relay's pipe and buffer are full most of the time.
        let to = received.len().min(at + 50_000);
        timeout(DEADLINE, server.read_exact(&mut received[at..to]))
            .await
            .unwrap()
            .unwrap();
        at = to;
        tokio::task::yield_now().await;
    }
    assert!(received == sent);
    writing.await.unwrap().unwrap();
}
