//! What daemons answered in a test, each answer checked against its schema.

use crate::Node;
use crate::relay::Relay;
use crate::schema::Schemas;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What does not fit a schema, and is right all the same: the command, how the finding ends, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "decode",
    "decode: \"signature\" is missing",
    "an invoice_request that is shown as a code may have no signature, and Core Lightning's schema has not heard of that",
)];

/// The answers of all daemons in a test. Its clones are the same one.
#[derive(Clone, Debug)]
pub struct Answers {
    schemas: Option<Schemas>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How many answers each command has given, errors aside.
    methods: BTreeMap<String, usize>,
    findings: Vec<String>,
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

impl Answers {
    /// None so far.
    pub fn new() -> Self {
        Self {
            schemas: Schemas::at_hand(),
            seen: Arc::default(),
        }
    }

    /// A socket that leads to the daemon's and looks at every answer that comes back.
    pub fn relay(&self, node: &Node) -> Relay {
        Relay::start(node, self.clone())
    }

    /// Looks at what a command has answered.
    pub fn look_at(&self, node: &str, method: &str, answer: &Value) {
        let mut findings = Vec::new();
        if let Some(schemas) = self.schemas.as_ref().filter(|schemas| schemas.knows(method)) {
            findings = schemas.findings(method, answer);
            findings.retain(|finding| !is_right_all_the_same(method, finding));
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen.methods.entry(method.to_owned()).or_default() += 1;
        seen.findings.extend(
            findings
                .iter()
                .map(|finding| format!("{node}: {finding}\n    in {answer}")),
        );
    }

    /// Looks at the error that a command has answered with.
    pub fn look_at_error(&self, node: &str, method: &str, error: &Value) {
        if !(error["code"].is_i64() && error["message"].is_string()) {
            self.found(format!("{node}: {method}: the error {error}"));
        }
    }

    /// Notes that something was wrong with an answer.
    pub fn found(&self, finding: String) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .findings
            .push(finding);
    }

    /// Whether there are schemas to check against.
    pub fn are_checked(&self) -> bool {
        self.schemas.is_some()
    }

    /// Whether there is a schema for this command.
    pub fn knows(&self, method: &str) -> bool {
        self.schemas.as_ref().is_some_and(|schemas| schemas.knows(method))
    }

    /// The commands that were answered, errors aside, and how often.
    pub fn methods(&self) -> BTreeMap<String, usize> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .methods
            .clone()
    }

    /// The test fails unless each of these commands was answered, and every answer fits its schema.
    pub fn all_fit(&self, expected: &[&str]) {
        let methods = self.methods();
        for method in expected {
            assert!(
                methods.contains_key(*method),
                "{method} was not called: {methods:?}"
            );
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(seen.findings.is_empty(), "{}", seen.findings.join("\n"));
    }
}

fn is_right_all_the_same(method: &str, finding: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(command, ends, _)| *command == method && finding.ends_with(ends))
}
