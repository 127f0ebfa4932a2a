//! Clicking and typing on a screen, for pages without scripts.

use std::io;

use types::desktops::{Input, Key};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use super::display::Display;

/// More than anybody types into a form, characters.
const TEXT_MAX: usize = 4096;
/// More clicks, and more notches of a wheel, than anybody means.
const TIMES_MAX: u8 = 50;
/// The buttons that a wheel is.
const WHEEL: (u8, u8) = (4, 5);
const SHIFT: u32 = 0xffe1;
const ENTER: u32 = 0xff0d;
const TAB: u32 = 0xff09;

/// Does it.
pub(super) fn give(display: &Display, input: &Input) -> io::Result<()> {
    let connection = display.connect().ok_or(io::ErrorKind::NotConnected)?;
    let hand = Hand::new(&connection).map_err(io::Error::other)?;
    let given = match input {
        Input::Click { x, y, button, times } => hand.press((*x, *y), (*button).clamp(1, 3), *times),
        Input::Scroll { x, y, notches } => {
            let button = if *notches < 0 { WHEEL.0 } else { WHEEL.1 };
            hand.press((*x, *y), button, notches.unsigned_abs())
        }
        Input::Text { text } => hand.types(text),
        Input::Key { key } => hand.strike(symbol(*key)),
    };
    given.map_err(io::Error::other)
}

/// The keyboard and the pointer of one screen.
struct Hand<'a> {
    connection: &'a RustConnection,
    root: u32,
    first: u8,
    /// Symbols of each key.
    width: usize,
    symbols: Vec<u32>,
}

impl<'a> Hand<'a> {
    fn new(connection: &'a RustConnection) -> Result<Self, ReplyError> {
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = connection
            .get_keyboard_mapping(first, last - first + 1)?
            .reply()?;
        Ok(Self {
            connection,
            root: setup.roots.first().map_or(0, |screen| screen.root),
            first,
            width: usize::from(mapping.keysyms_per_keycode).max(1),
            symbols: mapping.keysyms,
        })
    }

    fn press(&self, place: (u16, u16), button: u8, times: u8) -> Result<(), ReplyError> {
        self.fake(MOTION_NOTIFY_EVENT, 0, place)?;
        for _ in 0..times.min(TIMES_MAX) {
            self.fake(BUTTON_PRESS_EVENT, button, (0, 0))?;
            self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))?;
        }
        self.until_done()
    }

    /// Types a text. Keys that it lends are lent before the first is pressed: a program asks for what has changed when
    /// it comes to a key, and Xlib forgets what it is told of further changes while it waits for the answer.
    fn types(mut self, text: &str) -> Result<(), ReplyError> {
        let characters = text.chars().filter(|c| *c != '\r').take(TEXT_MAX);
        let symbols: Vec<u32> = characters.map(of).collect();
        for symbol in &symbols {
            if self.find(*symbol).is_none() {
                self.lend(*symbol)?;
            }
        }
        for symbol in symbols {
            self.key(symbol)?;
        }
        self.until_done()
    }

    fn strike(mut self, symbol: u32) -> Result<(), ReplyError> {
        self.key(symbol)?;
        self.until_done()
    }

    /// Presses the key of a symbol, with Shift where it takes that.
    fn key(&mut self, symbol: u32) -> Result<(), ReplyError> {
        let (key, shifted) = match self.find(symbol) {
            Some(found) => found,
            None => (self.lend(symbol)?, false),
        };
        let shift = self.find(SHIFT).filter(|_| shifted).map(|(shift, _)| shift);
        if let Some(shift) = shift {
            self.fake(KEY_PRESS_EVENT, shift, (0, 0))?;
        }
        self.fake(KEY_PRESS_EVENT, key, (0, 0))?;
        self.fake(KEY_RELEASE_EVENT, key, (0, 0))?;
        if let Some(shift) = shift {
            self.fake(KEY_RELEASE_EVENT, shift, (0, 0))?;
        }
        Ok(())
    }

    fn find(&self, symbol: u32) -> Option<(u8, bool)> {
        self.symbols
            .chunks(self.width)
            .enumerate()
            .find_map(|(index, symbols)| {
                let column = symbols.iter().take(2).position(|found| *found == symbol)?;
                Some((self.first + u8::try_from(index).ok()?, column == 1))
            })
    }

    /// Gives a symbol that no key has to a key without symbols. It keeps it: programs look a key up when they come to
    /// it, which may be later than now.
    fn lend(&mut self, symbol: u32) -> Result<u8, ReplyError> {
        let mut keys = self.symbols.chunks(self.width);
        // The last one where all are taken: it was lent before.
        let last = keys.len().saturating_sub(1);
        let free = keys.rposition(|symbols| symbols.iter().all(|symbol| *symbol == 0));
        let index = free.unwrap_or(last);
        let key = self.first + u8::try_from(index).unwrap_or_default();
        self.connection
            .change_keyboard_mapping(1, key, 2, &[symbol, symbol])?
            .check()?;
        let place = index * self.width;
        self.symbols[place..place + 2.min(self.width)].fill(symbol);
        Ok(key)
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (u16, u16)) -> Result<(), ReplyError> {
        let side = |pixels: u16| i16::try_from(pixels).unwrap_or(i16::MAX);
        let faked =
            self.connection
                .xtest_fake_input(kind, detail, CURRENT_TIME, self.root, side(x), side(y), 0)?;
        faked.check()
    }

    /// Waits until the server has come to the end of it.
    fn until_done(&self) -> Result<(), ReplyError> {
        self.connection.get_input_focus()?.reply().map(drop)
    }
}

/// The symbol of a character: Latin-1 has its own numbers, others those of Unicode above a fixed one.
fn of(character: char) -> u32 {
    match u32::from(character) {
        0x0a => ENTER,
        0x09 => TAB,
        code @ (0x20..=0x7e | 0xa0..=0xff) => code,
        code => 0x0100_0000 | code,
    }
}

fn symbol(key: Key) -> u32 {
    match key {
        Key::Enter => ENTER,
        Key::Tab => TAB,
        Key::Backspace => 0xff08,
        Key::Delete => 0xffff,
        Key::Escape => 0xff1b,
        Key::Home => 0xff50,
        Key::Left => 0xff51,
        Key::Up => 0xff52,
        Key::Right => 0xff53,
        Key::Down => 0xff54,
        Key::PageUp => 0xff55,
        Key::PageDown => 0xff56,
        Key::End => 0xff57,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_symbols_of_the_protocol() {
        assert_eq!((of('a'), of('ü'), of('\n')), (0x61, 0xfc, ENTER));
        assert_eq!(of('€'), 0x0100_20ac);
    }
}
