//! The light markup of the documentation: `*name*` and `` `text` ``.

use roff::{Inline, Roff, bold, italic, roman};

/// The pieces of a line, by their face.
pub fn inlines(line: &str) -> Vec<Inline> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let marked = match first {
            '*' | '`' => rest[1..].split_once(first).filter(|(inside, _)| {
                !inside.is_empty() && !inside.starts_with(' ') && !inside.ends_with(' ')
            }),
            _ => None,
        };
        match marked {
            Some((inside, behind)) => {
                if !plain.is_empty() {
                    pieces.push(roman(std::mem::take(&mut plain)));
                }
                pieces.push(if first == '*' {
                    italic(inside)
                } else {
                    bold(inside)
                });
                rest = behind;
            }
            None => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        pieces.push(roman(plain));
    }
    pieces
}

/// One paragraph; its lines that begin with a bullet are a list.
pub fn paragraph(page: &mut Roff, text: &str) {
    for (index, line) in text.lines().enumerate() {
        let bullet = line.strip_prefix("* ").or_else(|| line.strip_prefix("- "));
        match bullet {
            Some(item) => {
                page.control("IP", ["\\(bu", "2"]).text(inlines(item));
            }
            None => {
                if index > 0 && line.starts_with(' ') {
                    page.control("br", []);
                }
                page.text(inlines(line.trim_start()));
            }
        }
    }
}

/// The documentation without its markup, in one line.
pub fn plain(text: &str) -> String {
    let text = text.replace(['*', '`'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_have_a_face_of_their_own() {
        assert_eq!(
            inlines("a *name* and `text`."),
            [
                roman("a "),
                italic("name"),
                roman(" and "),
                bold("text"),
                roman(".")
            ]
        );
    }

    #[test]
    fn a_lonely_star_is_a_star() {
        assert_eq!(inlines("2 * 3 * 4"), [roman("2 * 3 * 4")]);
        assert_eq!(inlines("a*"), [roman("a*")]);
    }
}
