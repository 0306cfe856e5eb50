//! Opening a Unix socket whatever the length of its path.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// What fits into `sockaddr_un` on every Unix, with its closing zero.
const LONGEST_PATH: usize = 103;

/// Connects to the socket at `path`.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    if path.as_os_str().len() <= LONGEST_PATH {
        return UnixStream::connect(path).await;
    }
    // Linux reaches the directory under a short name while it is open.
    let directory = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or(OsStr::from_bytes(b""));
    let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
    UnixStream::connect(short).await
}
