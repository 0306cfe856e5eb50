//! The real program: how it starts, refuses to, and ends. There is no bitcoind, so the node behind it never starts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(180);

/// A running daemon, which is killed when this is dropped.
struct Daemon {
    child: Child,
    home: TempDir,
}

fn boltilld(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boltilld"));
    command
        .arg("--regtest")
        .arg(format!("--lightning-dir={}", home.path().display()));
    // A port on which nothing answers.
    command.args([
        "--bitcoin-rpcport=1",
        "--bitcoin-rpcuser=u",
        "--bitcoin-rpcpassword=hunter2",
        "--offline",
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn output(mut command: Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

impl Daemon {
    fn start() -> Daemon {
        let home = tempfile::tempdir().unwrap();
        let child = boltilld(&home).arg("--log-file=log").spawn().unwrap();
        let daemon = Daemon { child, home };
        daemon.until("the socket is there", || {
            UnixStream::connect(daemon.socket()).is_ok()
        });
        daemon
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("regtest/lightning-rpc")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("regtest/log")).unwrap_or_default()
    }

    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(
                start.elapsed() < DEADLINE,
                "{what}: not within the deadline; {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn call(&self, method: &str) -> Value {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}});
        stream.write_all(request.to_string().as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n\n") {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).unwrap();
            assert!(
                length > 0,
                "the connection was closed: {}",
                String::from_utf8_lossy(&answer)
            );
            answer.extend_from_slice(&piece[..length]);
        }
        serde_json::from_slice(&answer).unwrap()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < DEADLINE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_second_daemon_is_told_the_directory_and_the_process_of_the_first() {
    let daemon = Daemon::start();
    let (code, _, told) = output(boltilld(&daemon.home));
    assert_eq!(code, Some(1));
    let directory = daemon.home.path().join("regtest");
    let expected = format!(
        "boltilld is already running in {} (process {})\n",
        directory.display(),
        daemon.child.id()
    );
    assert!(told.ends_with(&expected), "{told}");
    assert!(
        daemon.call("help")["result"]["help"].is_array(),
        "and the first goes on"
    );
}

#[test]
fn the_command_stop_is_answered_and_then_the_daemon_is_gone_with_its_files() {
    let mut daemon = Daemon::start();
    let pid_file = daemon.home.path().join("boltilld-regtest.pid");
    assert_eq!(
        fs::read_to_string(&pid_file).unwrap().trim(),
        daemon.child.id().to_string()
    );
    assert_eq!(daemon.call("stop")["result"], "Shutdown complete");
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(!daemon.socket().exists() && !pid_file.exists());
}

#[test]
fn sigterm_and_sigint_end_it_in_order() {
    for signal in ["-TERM", "-INT"] {
        let mut daemon = Daemon::start();
        daemon.signal(signal);
        assert_eq!(daemon.ended().code(), Some(0));
        assert!(daemon.log().ends_with("stopped\n"), "{}", daemon.log());
    }
}

#[test]
fn after_sigkill_it_starts_again_over_what_was_left() {
    let mut daemon = Daemon::start();
    daemon.child.kill().unwrap();
    daemon.ended();
    assert!(daemon.socket().exists());
    daemon.child = boltilld(&daemon.home).spawn().unwrap();
    daemon.until("it answers again", || {
        UnixStream::connect(daemon.socket()).is_ok()
    });
    assert_eq!(daemon.call("stop")["result"], "Shutdown complete");
}

#[test]
fn sighup_opens_the_log_anew() {
    let daemon = Daemon::start();
    let log = daemon.home.path().join("regtest/log");
    fs::rename(&log, log.with_extension("1")).unwrap();
    daemon.signal("-HUP");
    daemon.until("there is a new log", || daemon.log().contains("SIGHUP"));
}

#[test]
fn what_it_makes_is_for_its_owner_alone_and_the_password_is_nowhere_in_it() {
    let daemon = Daemon::start();
    // It knows its id: its files are there, and none is about to get another name or to go.
    daemon.until("it is as far as it gets without bitcoind", || {
        daemon.call("getinfo")["result"]["id"].is_string()
    });
    let network_dir = daemon.home.path().join("regtest");
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&network_dir), 0);
    for entry in fs::read_dir(&network_dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0, "{}", path.display());
    }
    assert!(
        daemon.log().contains("bitcoin-rpcpassword can be seen"),
        "{}",
        daemon.log()
    );
    assert!(!daemon.log().contains("hunter2"));
}

#[test]
fn errors_are_one_line_and_the_exit_status_1() {
    let home = tempfile::tempdir().unwrap();
    for (arg, words) in [
        (
            "--netwrok=regtest",
            "boltilld: unknown option 'netwrok', did you mean 'network'?\n",
        ),
        (
            "--log-file=/nonexistent/log",
            "boltilld: cannot log to /nonexistent/log: No such file or directory (os error 2)\n",
        ),
        (
            "--rpc-file=/nonexistent/rpc",
            "boltilld: the RPC socket /nonexistent/rpc could not be made: No such file or directory (os error 2)\n",
        ),
    ] {
        let mut command = boltilld(&home);
        command.arg(arg);
        let (code, _, told) = output(command);
        assert_eq!((code, told.as_str()), (Some(1), words));
    }
}

#[test]
fn in_the_background_it_fails_as_it_would_in_the_foreground() {
    let daemon = Daemon::start();
    let mut second = boltilld(&daemon.home);
    second.arg("--daemon");
    let (code, _, told) = output(second);
    assert_eq!(code, Some(1));
    assert!(told.contains("already running"), "{told}");
}

#[test]
fn help_and_version_are_printed() {
    let home = tempfile::tempdir().unwrap();
    for (arg, words) in [("--help", "--bitcoin-rpcport"), ("--version", "boltilld v")] {
        let mut command = boltilld(&home);
        command.arg(arg);
        let (code, printed, _) = output(command);
        assert_eq!(code, Some(0));
        assert!(printed.contains(words), "{printed}");
    }
}
