//! A server on a real socket with a few commands that do what a test needs.
#![allow(dead_code, reason = "each test file uses a part of it")]

use boltilld::answer::{Answer, Outcome, Page};
use boltilld::commands::{Command, OnHangUp, Registry, Run};
use boltilld::context::{Call, Context};
use boltilld::lock::DirectoryLock;
use boltilld::options::{Request, load};
use boltilld::params::{LabelText, MsatOrAny};
use boltilld::rpc::Server;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Longer than anything here takes on a machine that does nothing else.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Wakes the command `wait`.
pub static WAKE: Notify = Notify::const_new();
/// Set while a command `wait` waits, and cleared when it is answered or dropped.
pub static WAITING: AtomicBool = AtomicBool::new(false);
/// How many times `slowly` came to its end.
pub static FINISHED: AtomicU64 = AtomicU64::new(0);
/// How many pages of `many` were made.
pub static PAGES: AtomicU64 = AtomicU64::new(0);

boltilld::parameters! {
    /// Answers what it is given
    pub struct Echo {
        /// An amount.
        required amount_msat: MsatOrAny; also "msatoshi",
        /// A name.
        required label: LabelText,
        /// A number.
        default expiry: u64 = 604_800,
    }
}

impl Run for Echo {
    async fn run(self, _: Call) -> Outcome {
        Answer::of(&json!({ "label": self.label.as_str(), "expiry": self.expiry }))
    }
}

boltilld::parameters! {
    /// Answers rows
    pub struct Many {
        /// How many pages of a hundred.
        required pages: u64,
    }
}

impl Run for Many {
    async fn run(self, _: Call) -> Outcome {
        Answer::rows("rows", 0, move |page| async move {
            if page == self.pages {
                return Ok(None);
            }
            PAGES.fetch_add(1, Ordering::SeqCst);
            let rows = (0..100).map(|row| json!({ "page": page, "row": row }));
            Ok(Some((Page::of(rows)?, page + 1)))
        })
    }
}

boltilld::parameters! {
    /// Changes something, and takes its time
    pub struct Slowly {}
}

impl Run for Slowly {
    async fn run(self, _: Call) -> Outcome {
        WAKE.notified().await;
        FINISHED.fetch_add(1, Ordering::SeqCst);
        Answer::of(&json!({}))
    }
}

boltilld::parameters! {
    /// Waits until it is woken
    pub struct Wait {}
}

struct Waiting;

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.store(false, Ordering::SeqCst);
    }
}

impl Run for Wait {
    async fn run(self, _: Call) -> Outcome {
        let waiting = Waiting;
        WAITING.store(true, Ordering::SeqCst);
        WAKE.notified().await;
        drop(waiting);
        Answer::of(&json!({ "woken": true }))
    }
}

static TEST_COMMANDS: &[Command] = &[
    Command {
        name: "echo",
        on_hang_up: OnHangUp::Drop,
        ..Command::of::<Echo>()
    },
    Command {
        name: "many",
        on_hang_up: OnHangUp::Drop,
        ..Command::of::<Many>()
    },
    Command {
        name: "secret",
        developer: true,
        ..Command::of::<Slowly>()
    },
    Command {
        name: "slowly",
        ..Command::of::<Slowly>()
    },
    Command {
        name: "wait",
        on_hang_up: OnHangUp::Drop,
        ..Command::of::<Wait>()
    },
];

/// A running server; its files go when it is dropped.
pub struct TestServer {
    pub context: Arc<Context>,
    pub socket: PathBuf,
    pub running: JoinHandle<()>,
    _lock: DirectoryLock,
    _home: TempDir,
}

impl TestServer {
    pub fn start() -> TestServer {
        let home = tempfile::tempdir().unwrap();
        let args = [
            "boltilld".into(),
            "--regtest".into(),
            format!("--lightning-dir={}", home.path().display()),
        ];
        let Ok(Request::Run(config)) = load(args.map(Into::into)) else {
            panic!("options")
        };
        let lock = DirectoryLock::take(&config.place.network_dir()).unwrap();
        let socket = config.rpc_file.clone();
        let server = Server::bind(&socket, config.rpc_file_mode, &lock).unwrap();
        let context = Arc::new(Context::new(*config, Registry::new(TEST_COMMANDS)));
        let running = tokio::spawn(server.run(context.clone()));
        TestServer {
            context,
            socket,
            running,
            _lock: lock,
            _home: home,
        }
    }

    pub async fn connect(&self) -> TestClient {
        TestClient {
            stream: UnixStream::connect(&self.socket).await.unwrap(),
            read: Vec::new(),
        }
    }
}

pub struct TestClient {
    pub stream: UnixStream,
    read: Vec<u8>,
}

impl TestClient {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    pub async fn request(&mut self, id: u64, method: &str, params: Value) {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(request.to_string()).await;
    }

    /// The next answer, or `None` when the server has closed the connection. It must be one object and an empty line.
    pub async fn answer(&mut self) -> Option<Value> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.read[seen..].windows(2).position(|two| two == b"\n\n") {
                let answer: Vec<u8> = self.read.drain(..seen + at + 2).collect();
                return Some(serde_json::from_slice(&answer).unwrap());
            }
            seen = self.read.len().saturating_sub(1);
            if within(self.stream.read_buf(&mut self.read)).await.unwrap() == 0 {
                assert!(
                    self.read.is_empty(),
                    "half an answer: {:?}",
                    String::from_utf8_lossy(&self.read)
                );
                return None;
            }
        }
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.request(1, method, params).await;
        self.answer().await.unwrap()
    }

    /// Sends bytes and gives the number and words of the error that they are answered with.
    pub async fn refused(&mut self, bytes: impl AsRef<[u8]>) -> (i64, String) {
        self.send(bytes).await;
        let error = self.answer().await.unwrap()["error"].take();
        (
            error["code"].as_i64().unwrap(),
            error["message"].as_str().unwrap().to_owned(),
        )
    }
}

/// The result, or a failed test when it does not come in time.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("it takes too long")
}

/// Waits for a condition.
pub async fn until(condition: impl Fn() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
