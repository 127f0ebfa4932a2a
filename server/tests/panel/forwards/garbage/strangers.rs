//! First bytes that are no HTTP, or almost: made up from a seed, so that a failure can be had again.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What requests, frames and handshakes are made of.
const WORDS: [&[u8]; 44] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"CONNECT 127.0.0.1:22 ",
    b"OPTIONS * ",
    b"\0",
    b"G\xc3\x89T ",
    b"/",
    b"/instance/app/echo",
    b"/instance/app/../../",
    b"/%2e%2e/%2f",
    b"//",
    b"http://elsewhere.example/",
    b"*",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b" HTTP/2.0\r\n",
    b" HTTP/1.1\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"Host: localhost\r\n",
    b"Host: \r\n",
    b"Host: evil.example\r\n",
    b"Origin: null\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n",
    b"TE: trailers\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"ffffffffffffffffff\r\n",
    b"5;a=\"\r\n\"\r\n",
    b"Connection: Upgrade\r\nUpgrade: raw\r\nOrigin: http://localhost\r\n",
    b"Upgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"X: ",
    b": \r\n",
    b" folded\r\n",
    b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const REQUEST: &[u8] = b"POST /instance/app/echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\
                         Cookie: aikore_session=0123\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

/// The beginning of a handshake as clients send it: record, message, version, lengths; the rest is noise.
const HANDSHAKE: &[u8] = b"\x16\x03\x01\x00\xa0\x01\x00\x00\x9c\x03\x03";

/// Somebody whose bytes are none of ours.
pub(super) struct Stranger {
    bytes: Vec<u8>,
    /// In how many pieces they are sent.
    pieces: usize,
    leaves: Leaves,
}

#[derive(Clone, Copy)]
enum Leaves {
    /// In the middle of everything.
    Reset,
    /// Ends its own direction and waits for the other's end.
    HalfClosed,
    /// Closes as one should.
    Closed,
}

impl Stranger {
    pub(super) fn new(seed: u64) -> Self {
        let dice = &mut StdRng::seed_from_u64(seed);
        let bytes = match dice.random_range(0..8) {
            0 => noise(dice, 3000),
            1 => spliced(dice),
            2 => mutated(dice, REQUEST),
            3 => REQUEST[..dice.random_range(0..REQUEST.len())].to_vec(),
            4 => [PREFACE.to_vec(), frames(dice)].concat(),
            5 => {
                let whole = [PREFACE, &frames(dice)].concat();
                mutated(dice, &whole)
            }
            6 => [HANDSHAKE.to_vec(), noise(dice, 400)].concat(),
            _ => [
                b"GET / HTTP/1.1\r\nX: ".to_vec(),
                vec![b'a'; dice.random_range(60_000..200_000)],
            ]
            .concat(),
        };
        Self {
            bytes,
            pieces: dice.random_range(1..6),
            leaves: *[Leaves::Reset, Leaves::HalfClosed, Leaves::Closed]
                .choose(dice)
                .unwrap(),
        }
    }

    /// Says it over a connection of its own; what is not taken was refused early, which is right.
    pub(super) async fn visit(self, stream: TcpStream) {
        if matches!(self.leaves, Leaves::Reset) {
            stream.set_zero_linger().unwrap();
        }
        self.talk(stream).await;
    }

    /// The same inside of something else.
    pub(super) async fn talk(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let size = self.bytes.len().div_ceil(self.pieces).max(1);
        for piece in self.bytes.chunks(size) {
            if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        if matches!(self.leaves, Leaves::HalfClosed) && stream.shutdown().await.is_ok() {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
}

fn noise(dice: &mut StdRng, most: usize) -> Vec<u8> {
    let length = dice.random_range(0..most);
    std::iter::repeat_with(|| dice.random()).take(length).collect()
}

fn spliced(dice: &mut StdRng) -> Vec<u8> {
    let words = dice.random_range(1..30);
    (0..words)
        .flat_map(|_| WORDS.choose(dice).unwrap().to_vec())
        .collect()
}

fn mutated(dice: &mut StdRng, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..dice.random_range(1..6) {
        let at = dice.random_range(0..bytes.len());
        match dice.random_range(0..3) {
            0 => bytes[at] = dice.random(),
            1 => bytes.insert(at, dice.random()),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes
}

/// Frames with a right head and anything in them; their kinds go beyond what there is.
fn frames(dice: &mut StdRng) -> Vec<u8> {
    let mut all = vec![0, 0, 0, 4, 0, 0, 0, 0, 0];
    for _ in 0..dice.random_range(1..8) {
        let body = noise(dice, 60);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        all.extend_from_slice(&length[1..]);
        all.push(dice.random_range(0..12));
        all.push(dice.random());
        all.extend_from_slice(&u32::to_be_bytes(dice.random_range(0..6)));
        all.extend_from_slice(&body);
    }
    all
}
