//! Finds the objects that tell tokens in JSON that passes by, without holding or parsing the rest of it.

/// Bytes that such an object may have.
const MOST_BYTES: usize = 16 * 1024;
/// Bytes of a name that are looked at: as many as the longest that matters has, and one more.
const MOST_NAME: usize = 14;

/// Names at the top that tell tokens.
const TELLING: [&[u8]; 2] = [b"usage", b"usageMetadata"];
/// Objects at the top in which `usage` tells them.
const WRAPPERS: [&[u8]; 3] = [b"response", b"message", b"x_groq"];

/// Where a reader stands. JSON that is broken leads it astray, but never costs more than a few bytes.
#[derive(Debug, Default)]
pub(super) struct Scan {
    levels: Vec<Level>,
    /// Containers that are open in one that does not matter, or in one that is copied.
    nested: usize,
    copy: Option<Vec<u8>>,
    in_string: bool,
    is_escaped: bool,
    /// True while the string is the name of a field.
    in_name: bool,
    name: Vec<u8>,
}

/// A container that is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The list at the top.
    List,
    /// An object at the top, or in that list. True while a name comes next.
    Top(bool),
    /// One of the wrappers. True while a name comes next.
    Wrapper(bool),
}

impl Scan {
    pub(super) fn push(&mut self, piece: &[u8], found: &mut impl FnMut(&[u8])) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (text, after) = rest.split_at(self.text(rest));
            self.keep(text);
            rest = match after.split_first() {
                Some((byte, after)) => {
                    self.keep(&[*byte]);
                    self.step(*byte, found);
                    after
                }
                None => after,
            };
        }
    }

    /// How many bytes are text without a meaning here: most of an answer is, and is passed over at once.
    fn text(&self, rest: &[u8]) -> usize {
        if !self.in_string || self.is_escaped || self.in_name {
            return 0;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        end.unwrap_or(rest.len())
    }

    /// Keeps what belongs to an object that tells tokens.
    fn keep(&mut self, bytes: &[u8]) {
        if let Some(copy) = &mut self.copy {
            if copy.len() + bytes.len() <= MOST_BYTES {
                copy.extend_from_slice(bytes);
            } else {
                self.copy = None;
            }
        }
    }

    fn step(&mut self, byte: u8, found: &mut impl FnMut(&[u8])) {
        if self.in_string {
            return self.step_in_string(byte);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.in_name = self.nested == 0 && self.expects_name();
                if self.in_name {
                    self.name.clear();
                }
            }
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => self.close(found),
            b',' => self.set_expects_name(true),
            b':' => self.set_expects_name(false),
            _ => {}
        }
    }

    fn step_in_string(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            return;
        }
        if self.in_name && self.name.len() < MOST_NAME {
            self.name.push(byte);
        }
    }

    fn expects_name(&self) -> bool {
        matches!(
            self.levels.last(),
            Some(Level::Top(true) | Level::Wrapper(true))
        )
    }

    fn set_expects_name(&mut self, expects: bool) {
        if self.nested > 0 {
            return;
        }
        if let Some(Level::Top(now) | Level::Wrapper(now)) = self.levels.last_mut() {
            *now = expects;
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.nested > 0 {
            self.nested += 1;
            return;
        }
        let name = self.name.as_slice();
        let (inner, tells) = match (self.levels.last(), is_object) {
            (None, true) | (Some(Level::List), true) => (Some(Level::Top(true)), false),
            (None, false) => (Some(Level::List), false),
            (Some(Level::Top(_)), true) if WRAPPERS.contains(&name) => {
                (Some(Level::Wrapper(true)), false)
            }
            (Some(Level::Top(_)), true) => (None, TELLING.contains(&name)),
            (Some(Level::Wrapper(_)), true) => (None, name == TELLING[0]),
            (Some(_), false) => (None, false),
        };
        match inner {
            Some(level) => self.levels.push(level),
            None => {
                self.nested = 1;
                self.copy = tells.then(|| vec![b'{']);
            }
        }
    }

    fn close(&mut self, found: &mut impl FnMut(&[u8])) {
        if self.nested == 0 {
            self.levels.pop();
            return;
        }
        self.nested -= 1;
        if self.nested == 0
            && let Some(copy) = self.copy.take()
        {
            found(&copy);
        }
    }
}
