//! `boltilld-config(5)`.

use crate::pages::{begin, heading};
use crate::text::inlines;
use boltilld::options::{Default, InFiles, OPTIONS, Opt, REFUSED, Takes};
use roff::{Roff, bold, italic, roman};

const ABOUT: &[&str] = &[
    "The daemon reads `DIR/config` and then `DIR/NETWORK/config`, where *DIR* is the directory of `--lightning-dir` (usually `~/.boltill`) and *NETWORK* \
     the name of the chain. With `--conf` it reads that file alone. Last comes what `setconfig` has written, to `DIR/NETWORK/config.setconfig`, or to a \
     file of the name of that one with `.setconfig` behind it.",
    "Each line is an option of the daemon without its two dashes: *name*`=`*value*, or the name alone where the option takes no value. Empty lines and \
     lines that begin with `#` mean nothing. `include `*FILE* reads another file at this place. What the command line says counts more than what files say.",
];

/// The page.
pub fn text() -> String {
    let mut page = Roff::new();
    begin(&mut page, "boltilld-config", "5");
    heading(&mut page, "NAME");
    page.text([roman("boltilld-config - configuration files of boltilld")]);
    heading(&mut page, "SYNOPSIS");
    page.text([
        bold("~/.boltill/config"),
        roman(", "),
        bold("~/.boltill/"),
        italic("NETWORK"),
        bold("/config"),
    ]);
    heading(&mut page, "DESCRIPTION");
    for text in ABOUT {
        page.control("PP", []).text(inlines(text));
    }
    let mut section = None;
    for option in OPTIONS
        .iter()
        .filter(|option| option.in_files != InFiles::Nowhere)
    {
        if section != Some(option.section) {
            section = Some(option.section);
            heading(&mut page, &option.section.heading().to_uppercase());
        }
        entry(&mut page, option);
    }
    heading(&mut page, "OPTIONS OF CORE LIGHTNING THAT ARE REFUSED");
    for (name, why) in REFUSED {
        page.control("TP", []).text([bold(*name)]);
        page.text(inlines(why));
    }
    heading(&mut page, "SEE ALSO");
    page.text([bold("boltilld"), roman("(8)")]);
    page.render()
}

fn entry(page: &mut Roff, option: &Opt) {
    page.control("TP", []);
    page.text(match option.takes {
        Takes::Nothing => vec![bold(option.name)],
        Takes::Bool => vec![bold(format!("{}=", option.name)), italic("true|false")],
        Takes::Text(value) | Takes::Number(value) | Takes::Many(value) => {
            vec![bold(format!("{}=", option.name)), italic(value)]
        }
    });
    let mut doc = option.doc.to_owned();
    if let Default::Is(value) = option.default
        && !value.is_empty()
    {
        doc.push_str(&format!(" [default: {value}]"));
    }
    match option.in_files {
        InFiles::General => doc.push_str(". Not in the file of one network"),
        InFiles::GivenFile => doc.push_str(". Only in a file given with `--conf`"),
        InFiles::Anywhere | InFiles::Nowhere => {}
    }
    page.text(inlines(&format!("{doc}.")));
}
