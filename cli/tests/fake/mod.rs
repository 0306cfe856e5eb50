//! A daemon of a few lines: it answers each request with the text that a function makes of it.

use serde_json::{Deserializer, Value};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct FakeDaemon {
    directory: TempDir,
    socket: PathBuf,
}

impl FakeDaemon {
    /// Listens in `<directory>/regtest` until the test process ends.
    pub fn start(respond: impl Fn(&Value) -> String + Clone + Send + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let network = directory.path().join("regtest");
        std::fs::create_dir(&network).unwrap();
        let socket = network.join("lightning-rpc");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, respond) = (stream.unwrap(), respond.clone());
                std::thread::spawn(move || {
                    let requests =
                        Deserializer::from_reader(stream.try_clone().unwrap()).into_iter::<Value>();
                    for request in requests.map_while(Result::ok) {
                        if stream.write_all(respond(&request).as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { directory, socket }
    }

    #[allow(dead_code, reason = "only the command line is told the directory")]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    #[allow(dead_code, reason = "only the client is told the socket")]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

/// The answer whose result is this JSON.
pub fn result(request: &Value, json: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{json}}}\n\n",
        request["id"]
    )
}

/// An answer that repeats the request.
pub fn echo(request: &Value) -> String {
    result(request, &request.to_string())
}

/// An error answer.
pub fn error(request: &Value) -> String {
    let error = r#"{"code":900,"message":"Duplicate label","data":{"label":"x"}}"#;
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{error}}}\n\n",
        request["id"]
    )
}
