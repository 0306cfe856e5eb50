//! The daemon: options, socket, one file per command.
