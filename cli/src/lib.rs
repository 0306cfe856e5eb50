//! The command line, and the client of the daemon's socket.
