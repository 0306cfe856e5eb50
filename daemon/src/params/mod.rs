//! What a command is told: declared once, from which parsing, help and every document are made.
//!
//! A command lists its parameters in the [`parameters!`](crate::parameters) macro. All of them are parsed before the command
//! starts, so a request that is refused has changed nothing.

mod amounts;
mod chain;
mod forms;
mod kind;
mod text;
mod token;
mod words;

pub use amounts::{MsatOrAll, MsatOrAny, Sat, SatOrAll};
pub use chain::{HexBytes, NodeId, OutPoint, ShortChannelId};
pub use forms::OneOrMany;
pub use kind::{Field, Kind};
pub use text::{EscapedText, LabelText};
pub use token::Token;

use crate::error::RpcError;
use std::borrow::Cow;

/// The parameters of one command, as a type.
///
/// Made by [`parameters!`](crate::parameters); written by hand only where a command takes what no declaration can say.
pub trait Parameters: Sized {
    /// What the command does: its summary as the first paragraph, its description as the others.
    const DOC: &'static str;
    /// In the order in which they are given by position.
    const PARAMS: &'static [Param];
    /// Whether members that are not in [`Parameters::PARAMS`] are passed on to the command.
    const TAKES_OTHERS: bool = false;

    /// Reads the request's `params`.
    fn parse(params: Token<'_>) -> Result<Self, RpcError>;
}

/// One parameter as it is documented.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The name in a request by name.
    pub name: &'static str,
    /// Names that older clients use; accepted, and never shown.
    pub aliases: &'static [&'static str],
    /// Whether it must be there.
    pub need: Need,
    /// What it may be.
    pub kind: Kind,
    /// What it means.
    pub doc: &'static str,
}

/// Whether a parameter must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It need not, and its absence means something of its own.
    Optional,
    /// Its absence means this value, as written in the declaration.
    Default(&'static str),
}

/// A type that a parameter can have.
pub trait FromToken: Sized {
    /// How it is documented.
    const KIND: Kind;

    /// Reads one value, or says what it should be.
    fn from_token(token: Token<'_>) -> Result<Self, Refusal>;
}

/// Why a value is not of its parameter's form.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Told as `<name>: <what it should be>: invalid token '<the value>'`.
    ShouldBe(Cow<'static, str>),
    /// Told in words of its own.
    Message(String),
}

impl From<&'static str> for Refusal {
    fn from(should_be: &'static str) -> Refusal {
        Refusal::ShouldBe(Cow::Borrowed(should_be))
    }
}

/// The values of a request, put in the order of the declaration.
pub struct Slots<'a> {
    values: std::iter::Zip<std::slice::Iter<'static, Param>, std::vec::IntoIter<Option<Token<'a>>>>,
}

impl Slots<'_> {
    /// Reads the next parameter in the order of the declaration; `None` when it is absent.
    pub fn take<T: FromToken>(&mut self) -> Result<Option<T>, RpcError> {
        let Some((param, Some(token))) = self.values.next() else {
            return Ok(None);
        };
        match T::from_token(token) {
            Ok(value) => Ok(Some(value)),
            Err(Refusal::ShouldBe(should_be)) => Err(bad_parameter(param.name, should_be, token)),
            Err(Refusal::Message(message)) => Err(RpcError::InvalidParams(message.into())),
        }
    }
}

/// The longest piece of a refused value that is told back.
const ECHO_LIMIT: usize = 1024;

/// `<name>: <what it should be>: invalid token '<the value>'`
pub fn bad_parameter(
    name: &'static str,
    should_be: impl Into<Cow<'static, str>>,
    token: Token<'_>,
) -> RpcError {
    let raw = token.raw();
    let token = match raw.char_indices().nth(ECHO_LIMIT) {
        Some((end, _)) => format!("{}...", &raw[..end]),
        None => raw.to_owned(),
    };
    RpcError::BadParameter {
        name,
        should_be: should_be.into(),
        token,
    }
}

/// Puts a request's `params`, an array or an object, in the order of the declaration.
pub fn bind<'a>(params: &'static [Param], given: Token<'a>) -> Result<Slots<'a>, RpcError> {
    let values = match (given.elements(), given.members()) {
        (Some(elements), _) => by_position(params, elements)?,
        (_, Some(members)) => by_name(params, members)?,
        _ => return Err(RpcError::invalid_params("Expected array or object for params")),
    };
    Ok(Slots {
        values: params.iter().zip(values),
    })
}

/// A null by position is an absent parameter, so that a later one can be given.
fn by_position<'a>(
    params: &'static [Param],
    elements: Vec<Token<'a>>,
) -> Result<Vec<Option<Token<'a>>>, RpcError> {
    if elements.len() > params.len() {
        return Err(RpcError::TooManyParameters {
            got: elements.len(),
            expected: params.len(),
        });
    }
    let mut values: Vec<_> = elements
        .into_iter()
        .map(|token| (!token.is_null()).then_some(token))
        .collect();
    values.resize(params.len(), None);
    Ok(values)
}

fn by_name<'a>(
    params: &'static [Param],
    members: Vec<(Cow<'a, str>, Token<'a>)>,
) -> Result<Vec<Option<Token<'a>>>, RpcError> {
    let mut values = vec![None; params.len()];
    for (name, token) in members {
        let Some(at) = params.iter().position(|param| param.is_called(&name)) else {
            return Err(RpcError::UnknownParameter(name.into_owned()));
        };
        if values[at].replace(token).is_some() {
            return Err(RpcError::DuplicateParameter(params[at].name.into()));
        }
    }
    Ok(values)
}

impl Param {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    /// How it appears in a command's usage: `name`, or `[name]` when it need not be given.
    pub fn usage(&self) -> String {
        match self.need {
            Need::Required => self.name.to_owned(),
            Need::Optional | Need::Default(_) => format!("[{}]", self.name),
        }
    }
}

/// Declares a command's parameters as a struct, whose doc comment is the command's summary and description.
///
/// ```
/// use boltilld::params::{EscapedText, LabelText, MsatOrAny, Parameters, Token};
///
/// boltilld::parameters! {
///     /// Asks for money
///     ///
///     /// The description of the command, as long as it needs to be.
///     pub struct Ask {
///         /// How much; `any` leaves it to the payer.
///         required amount_msat: MsatOrAny; also "msatoshi",
///         /// A unique name.
///         required label: LabelText,
///         /// What it is for.
///         optional description: EscapedText,
///         /// For how many seconds.
///         default expiry: u64 = 604_800,
///     }
/// }
///
/// let ask = Ask::parse(Token::parse(r#"{"msatoshi": 1000, "label": 25}"#).unwrap()).unwrap();
/// assert_eq!(ask.expiry, 604_800);
/// assert!(ask.description.is_none());
/// ```
///
/// `required x: T` is a field of type `T`, `optional x: T` one of `Option<T>`, `default x: T = value` one of `T`. Parameters that
/// need not be given come behind those that must.
#[macro_export]
macro_rules! parameters {
    (
        $(#[doc = $doc:literal])+
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $field_doc:literal])+
                $need:ident $field:ident : $type:ty $(= $default:expr)? $(; also $($alias:literal),+ $(;)?)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        $vis struct $name {
            $(
                $(#[doc = $field_doc])+
                pub $field: $crate::parameters!(@type $need $type),
            )*
        }

        impl $crate::params::Parameters for $name {
            const DOC: &'static str = concat!($($doc, "\n"),+);
            const PARAMS: &'static [$crate::params::Param] = &[$(
                $crate::params::Param {
                    name: stringify!($field),
                    aliases: &[$($($alias),+)?],
                    need: $crate::parameters!(@need $need $($default)?),
                    kind: <$type as $crate::params::FromToken>::KIND,
                    doc: concat!($($field_doc, "\n"),+),
                }
            ),*];

            #[allow(unused_mut, unused_variables)]
            fn parse(params: $crate::params::Token<'_>) -> Result<Self, $crate::error::RpcError> {
                let mut slots = $crate::params::bind(Self::PARAMS, params)?;
                // Every value that is there is looked at before one that is missing is complained about.
                $( let $field = slots.take::<$type>()?; )*
                Ok(Self {
                    $( $field: $crate::parameters!(@settle $need $field $(, $default)?) ),*
                })
            }
        }
    };

    (@type required $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type default $type:ty) => { $type };

    (@need required) => { $crate::params::Need::Required };
    (@need optional) => { $crate::params::Need::Optional };
    (@need default $default:expr) => { $crate::params::Need::Default(stringify!($default)) };

    (@settle required $field:ident) => {
        $field.ok_or($crate::error::RpcError::MissingParameter(stringify!($field)))?
    };
    (@settle optional $field:ident) => { $field };
    (@settle default $field:ident, $default:expr) => { $field.unwrap_or_else(|| $default) };
}

#[cfg(test)]
mod tests {
    use super::*;

    parameters! {
        /// Asks for money
        struct Ask {
            /// How much.
            required amount_msat: MsatOrAny; also "msatoshi", "amount",
            /// A name.
            required label: LabelText,
            /// For how long.
            default expiry: u64 = 604_800,
            /// A note.
            optional note: String,
        }
    }

    fn ask(params: &str) -> Result<Ask, String> {
        Ask::parse(Token::parse(params).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_read_by_position_and_by_name() {
        let by_position = ask(r#"[1000, "a", 60, "hello"]"#).unwrap();
        let by_name = ask(r#"{"note":"hello","label":"a","expiry":60,"amount_msat":1000}"#).unwrap();
        for ask in [by_position, by_name] {
            assert_eq!(ask.amount_msat, MsatOrAny::Amount(boltill_types::Msat(1000)));
            assert_eq!(
                (ask.label.as_str(), ask.expiry, ask.note.as_deref()),
                ("a", 60, Some("hello"))
            );
        }
    }

    #[test]
    fn an_absent_parameter_or_a_null_by_position_takes_its_default() {
        let absent = ask(r#"[1000, "a", null, "hello"]"#).unwrap();
        assert_eq!((absent.expiry, absent.note.as_deref()), (604_800, Some("hello")));
        assert_eq!(ask(r#"[1000, "a"]"#).unwrap().note, None);
    }

    #[test]
    fn older_names_are_accepted() {
        assert!(ask(r#"{"msatoshi":1000,"label":"a"}"#).is_ok());
    }

    #[test]
    fn refusals_have_core_lightnings_words() {
        let refusals = [
            (r#"{}"#, "missing required parameter: amount_msat"),
            (r#"[]"#, "missing required parameter: amount_msat"),
            (r#"[null, "a"]"#, "missing required parameter: amount_msat"),
            (r#"[1]"#, "missing required parameter: label"),
            (r#"[1,"a",1,"n",null]"#, "too many parameters: got 5, expected 4"),
            (r#"{"label":"a","label":"b"}"#, "duplicate json names: label"),
            (r#"{"label":"a","l\u0061bel":"b"}"#, "duplicate json names: label"),
            (
                r#"{"msatoshi":1,"amount_msat":2}"#,
                "duplicate json names: amount_msat",
            ),
            (r#""x""#, "Expected array or object for params"),
            (
                r#"[-1,"a"]"#,
                "amount_msat: should be positive msat or 'any': invalid token '-1'",
            ),
            (
                r#"["-1","a"]"#,
                "amount_msat: should be positive msat or 'any': invalid token '\"-1\"'",
            ),
            (
                r#"[1,"a",-5]"#,
                "expiry: should be an unsigned 64 bit integer: invalid token '-5'",
            ),
            (
                r#"{"expiry":null}"#,
                "expiry: should be an unsigned 64 bit integer: invalid token 'null'",
            ),
            (
                r#"{"x":1}"#,
                "unknown parameter: x, this may be caused by a failure to autodetect key=value-style parameters. \
                 Please try using the -k flag and explicit key=value pairs of parameters.",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(ask(params).err().as_deref(), Some(words), "{params}");
        }
    }

    #[test]
    fn a_long_value_is_not_told_back_whole() {
        let words = ask(&format!("[\"{}\"]", "é".repeat(1_000_000))).err().unwrap();
        assert!(words.len() < 3_000, "{} bytes", words.len());
    }

    #[test]
    fn the_declaration_is_there_to_make_documents_from() {
        assert_eq!(Ask::DOC.trim(), "Asks for money");
        let usage: Vec<_> = Ask::PARAMS.iter().map(Param::usage).collect();
        assert_eq!(usage, ["amount_msat", "label", "[expiry]", "[note]"]);
        assert_eq!(Ask::PARAMS[2].need, Need::Default("604_800"));
    }
}
