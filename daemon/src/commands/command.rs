//! What a command is: everything that a client, a document or a completion needs to know of it, and how it runs.

use crate::answer::Outcome;
use crate::context::Call;
use crate::error::{Code, RpcError};
use crate::params::{Field, Param, Parameters, Token};
use std::future::Future;
use std::pin::Pin;

/// One command of the daemon.
///
/// Written as a constant in the command's own file, with `..Command::of::<ItsParameters>()` for what follows from its
/// parameters; the doc comment on those is the command's documentation.
#[derive(Clone, Copy)]
pub struct Command {
    /// The name clients call it by.
    pub name: &'static str,
    /// Where it stands in the documents.
    pub category: Category,
    /// The fields of its answer.
    pub answer: &'static [Field],
    /// The errors that are its own, and when each comes.
    pub errors: &'static [(Code, &'static str)],
    /// What people may try.
    pub examples: &'static [Example],
    /// Commands to read about next.
    pub see_also: &'static [&'static str],
    /// What becomes of it when the client hangs up.
    pub on_hang_up: OnHangUp,
    /// Whether it only exists with `--developer`.
    pub developer: bool,
    /// For a command that is kept for older clients alone: what to use instead.
    pub deprecated: Option<&'static str>,
    /// Its parameters, and what it does with them.
    pub handler: Handler,
}

/// A command's parameters and what it does with them, without their type.
#[derive(Clone, Copy)]
pub struct Handler {
    doc: &'static str,
    params: &'static [Param],
    takes_others: bool,
    check: fn(Token<'_>) -> Result<(), RpcError>,
    start: fn(Call, Token<'_>) -> Result<Running, RpcError>,
}

impl Handler {
    /// The handler that these parameters make.
    pub const fn of<P: Run>() -> Handler {
        Handler {
            doc: P::DOC,
            params: P::PARAMS,
            takes_others: P::TAKES_OTHERS,
            check: |params| P::parse(params).map(drop),
            start: |call, params| {
                let parsed = P::parse(params)?;
                Ok(Box::pin(parsed.run(call)))
            },
        }
    }
}

/// A command under way.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Parameters that know what to do.
pub trait Run: Parameters + Send + 'static {
    /// Does what the command is for.
    fn run(self, call: Call) -> impl Future<Output = Outcome> + Send;
}

/// Where a command stands in the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Being paid.
    Invoices,
    /// Paying.
    Payments,
    /// Offers, and requests for invoices.
    Offers,
    /// Channels with peers.
    Channels,
    /// Coins on the chain.
    Bitcoin,
    /// Connections and gossip.
    Network,
    /// The daemon itself.
    Utility,
    /// For developers of Boltill; only with `--developer`.
    Developer,
}

impl Category {
    /// As it is written in `help`.
    pub fn name(self) -> &'static str {
        match self {
            Category::Invoices => "invoices",
            Category::Payments => "payment",
            Category::Offers => "offers",
            Category::Channels => "channels",
            Category::Bitcoin => "bitcoin",
            Category::Network => "network",
            Category::Utility => "utility",
            Category::Developer => "developer",
        }
    }
}

/// What becomes of a command whose client hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHangUp {
    /// It is dropped where it waits: right for what only reads or waits.
    Drop,
    /// It runs to its end: right for what changes anything, so that nothing is left half done.
    Finish,
}

/// One use of a command, as typed and as answered.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What is typed behind `boltill`.
    pub typed: &'static str,
    /// The answer, as JSON.
    pub answer: &'static str,
}

impl Command {
    /// A command that takes these parameters; the rest of it is empty, and a command that changes something
    /// need say nothing to be finished once it has started.
    pub const fn of<P: Run>() -> Command {
        Command {
            name: "",
            category: Category::Utility,
            answer: &[],
            errors: &[],
            examples: &[],
            see_also: &[],
            on_hang_up: OnHangUp::Finish,
            developer: false,
            deprecated: None,
            handler: Handler::of::<P>(),
        }
    }

    /// The first paragraph of the documentation, without a dot at its end.
    pub fn summary(&self) -> String {
        self.paragraphs().into_iter().next().unwrap_or_default()
    }

    /// The documentation behind the summary, in paragraphs.
    pub fn description(&self) -> Vec<String> {
        self.paragraphs().into_iter().skip(1).collect()
    }

    /// The parameters in the order in which they are given by position.
    pub fn params(&self) -> &'static [Param] {
        self.handler.params
    }

    /// How it is typed: the name, the parameters, those in brackets that need not be given.
    pub fn usage(&self) -> String {
        let mut usage = self.name.to_owned();
        for param in self.handler.params {
            usage.push(' ');
            usage.push_str(&param.usage());
        }
        if self.handler.takes_others {
            usage.push_str(" [parameters...]");
        }
        usage
    }

    /// Looks at the parameters and does nothing.
    pub fn check(&self, params: Token<'_>) -> Result<(), RpcError> {
        (self.handler.check)(params)
    }

    /// Reads the parameters; the command itself starts when what comes back is polled.
    pub fn start(&self, call: Call, params: Token<'_>) -> Result<Running, RpcError> {
        (self.handler.start)(call, params)
    }

    fn paragraphs(&self) -> Vec<String> {
        paragraphs(self.handler.doc)
    }
}

/// Doc comments put one space before each line and leave an empty line between paragraphs. A line that is indented or
/// starts a list keeps its own line.
pub fn paragraphs(doc: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        let Some(paragraph) = paragraphs.last_mut() else {
            break;
        };
        if line.trim().is_empty() {
            if !paragraph.is_empty() {
                paragraphs.push(String::new());
            }
            continue;
        }
        if !paragraph.is_empty() {
            paragraph.push(if line.starts_with([' ', '*', '-']) {
                '\n'
            } else {
                ' '
            });
        }
        paragraph.push_str(line);
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_comments_come_apart_into_paragraphs() {
        let doc = " Does a thing\n\n First line\n second line.\n * one\n * two\n\n\n Last.\n";
        assert_eq!(
            paragraphs(doc),
            ["Does a thing", "First line second line.\n* one\n* two", "Last."]
        );
    }
}
