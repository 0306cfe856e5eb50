//! End-to-end tests: real daemons in separate processes.
