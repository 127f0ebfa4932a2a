//! What a page asks for, read as browsers read it.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::scripts;

/// What an asset is to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Script,
    Module,
    /// A module that a script fetches once it wants it: whether it ever does cannot be seen.
    Later,
    Style,
    /// Pictures, icons, fonts, frames: a page does without.
    Other,
}

impl Kind {
    /// Whether the page is broken without it.
    pub(super) fn is_needed(self) -> bool {
        self != Self::Other
    }
}

/// An asset as the page writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) address: String,
    pub(super) kind: Kind,
}

/// A page, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// `<base href>`.
    pub(super) base: Option<String>,
    pub(super) assets: Vec<Named>,
    /// Its inline scripts, one after the other.
    pub(super) script: String,
    /// Its inline styles.
    style: String,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(text));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        // The sink never asks to stop.
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        let mut page = tokenizer.sink.0.into_inner().page;
        let imported = scripts::imports(&page.script).into_iter().map(|address| Named {
            address,
            kind: Kind::Module,
        });
        page.assets.extend(imported);
        let styled = scripts::style_urls(&page.style).into_iter().map(|address| Named {
            address,
            kind: Kind::Other,
        });
        page.assets.extend(styled);
        page
    }
}

#[derive(Default)]
struct Reader(RefCell<Reading>);

#[derive(Default)]
struct Reading {
    page: Page,
    in_script: bool,
    in_style: bool,
    /// What stands in a template is not there yet.
    templates: u32,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return reading.begin(&tag),
            Token::TagToken(tag) => reading.end(&tag),
            Token::CharacterTokens(text) if reading.in_script => reading.page.script.push_str(&text),
            Token::CharacterTokens(text) if reading.in_style => reading.page.style.push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Reading {
    fn begin(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if name == "template" {
            self.templates += 1;
        } else if self.templates == 0 {
            self.look_at(name, tag);
        }
        // How the text that follows is to be read, as a browser that runs scripts does.
        match name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, tag: &Tag) {
        match &*tag.name {
            "script" => {
                self.in_script = false;
                self.page.script.push('\n');
            }
            "style" => {
                self.in_style = false;
                self.page.style.push('\n');
            }
            "template" => self.templates = self.templates.saturating_sub(1),
            _ => {}
        }
    }

    fn look_at(&mut self, name: &str, tag: &Tag) {
        match name {
            "base" if self.page.base.is_none() => {
                self.page.base = attribute(tag, "href").map(str::to_owned);
            }
            "script" => self.script(tag),
            "style" => self.in_style = true,
            "link" => {
                if let Some(kind) = link(tag) {
                    self.name(attribute(tag, "href"), kind);
                }
            }
            "img" | "iframe" => self.name(attribute(tag, "src"), Kind::Other),
            _ => {}
        }
    }

    fn script(&mut self, tag: &Tag) {
        let kind = match attribute(tag, "type").unwrap_or_default().trim() {
            "module" => Kind::Module,
            "" | "text/javascript" | "application/javascript" if attribute(tag, "nomodule").is_none() => {
                Kind::Script
            }
            // Data, templates, and what only old browsers read.
            _ => return,
        };
        match attribute(tag, "src") {
            Some(source) => self.name(Some(source), kind),
            None => self.in_script = true,
        }
    }

    fn name(&mut self, address: Option<&str>, kind: Kind) {
        let address = address.map(str::trim).filter(|address| !address.is_empty());
        if let Some(address) = address {
            self.page.assets.push(Named {
                address: address.to_owned(),
                kind,
            });
        }
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag
        .attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)?;
    Some(&*found.value)
}

/// What a link is to the page, if browsers fetch it.
fn link(tag: &Tag) -> Option<Kind> {
    let relation = attribute(tag, "rel")?.to_ascii_lowercase();
    let is = |word: &str| relation.split_ascii_whitespace().any(|one| one == word);
    if is("stylesheet") {
        let used = !is("alternate") && attribute(tag, "disabled").is_none();
        return used.then_some(Kind::Style);
    }
    if is("modulepreload") {
        return Some(Kind::Module);
    }
    let fetched = ["icon", "apple-touch-icon", "mask-icon", "manifest", "preload"];
    fetched.iter().any(|word| is(word)).then_some(Kind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_a_browser_reads_it() {
        let page = Page::read(
            "<!doctype html><base href='/x/'><title><img src=no.png></title>\
             <link rel='Stylesheet' href=a.css><link rel=canonical href=/no><link rel='shortcut icon' href=i.ico>\
             <script src=\"b.js\" defer></script><script nomodule src=no.js></script>\
             <script type=module>import { a } from './c.js'; const t = '<img src=no.png>';</script>\
             <script type=application/json>import 'no.js'</script>\
             <template><img src=no.png></template><noscript><img src=no.png></noscript>\
             <style>@font-face { src: local('F'), url(/f.woff2) } a { b: \"<img src=no.png>\" }</style>\
             <!-- <img src=no.png> --><IMG SRC='d&amp;e.png'><img src=''>",
        );
        assert_eq!(page.base.as_deref(), Some("/x/"));
        let named: Vec<_> = page
            .assets
            .iter()
            .map(|named| (named.address.as_str(), named.kind))
            .collect();
        assert_eq!(
            named,
            [
                ("a.css", Kind::Style),
                ("i.ico", Kind::Other),
                ("b.js", Kind::Script),
                ("d&e.png", Kind::Other),
                ("./c.js", Kind::Module),
                ("/f.woff2", Kind::Other),
            ]
        );
    }
}
