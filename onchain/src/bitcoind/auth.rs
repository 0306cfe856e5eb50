//! The credentials for bitcoind, kept out of every log and error.

use super::BitcoindError;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A user name and a password; prints the former only.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// What bitcoind knows us by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Its `rpcuser` and `rpcpassword`.
    Password(Login),
    /// The file that it writes a fresh secret into whenever it starts.
    Cookie(PathBuf),
}

/// Knows what to log in with at the moment.
pub(super) struct Auth {
    credentials: Credentials,
    /// The cookie as last read.
    cookie: Mutex<Option<Login>>,
}

impl Auth {
    pub(super) fn new(credentials: Credentials) -> Auth {
        Auth {
            credentials,
            cookie: Mutex::new(None),
        }
    }

    /// What to log in with.
    pub(super) fn login(&self) -> Result<Login, BitcoindError> {
        let path = match &self.credentials {
            Credentials::Password(login) => return Ok(login.clone()),
            Credentials::Cookie(path) => path,
        };
        let mut cookie = self.cookie.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = &*cookie {
            return Ok(login.clone());
        }
        // A line of 75 bytes, read once for each start of bitcoind: not worth a thread of its own.
        let text = std::fs::read_to_string(path).map_err(|why| BitcoindError::NoCookie {
            path: path.clone(),
            why,
        })?;
        let (user, password) = text.trim_end().split_once(':').unwrap_or((&text, ""));
        Ok(cookie
            .insert(Login {
                user: user.to_owned(),
                password: password.to_owned(),
            })
            .clone())
    }

    /// What to try after `refused`: the cookie, if it has changed since.
    pub(super) fn login_after_refusal(&self, refused: &Login) -> Result<Option<Login>, BitcoindError> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).take();
        let login = self.login()?;
        Ok((login != *refused).then_some(login))
    }

    /// What they are, without what they say.
    pub(super) fn describe(&self) -> String {
        match &self.credentials {
            Credentials::Password(_) => "user name and password".to_owned(),
            Credentials::Cookie(path) => format!("cookie ({})", path.display()),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let login = Login {
            user: "me".into(),
            password: "hunter2".into(),
        };
        let auth = Auth::new(Credentials::Password(login));
        let printed = format!("{auth:?} {:?}", auth.credentials);
        assert!(
            printed.contains("me") && !printed.contains("hunter2"),
            "{printed}"
        );
    }
}
