//! Server-sent events that pass by (WHATWG HTML, "Server-sent events"): the data of each is one piece of JSON.

use super::scan::Scan;

const FIELD: &[u8] = b"data:";

/// Where a reader stands.
#[derive(Debug, Default)]
pub(super) struct Events {
    scan: Scan,
    line: Line,
    /// True right behind a carriage return: a line feed there ends no other line.
    after_return: bool,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    /// So many bytes of the line are those of the field that matters.
    Begun(usize),
    /// Behind that field.
    Data,
    /// A line of another kind.
    Other,
}

impl Default for Line {
    fn default() -> Self {
        Self::Begun(0)
    }
}

impl Events {
    pub(super) fn push(&mut self, piece: &[u8], found: &mut impl FnMut(&[u8])) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match self.line {
                Line::Data => {
                    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                    let (data, after) = rest.split_at(end.unwrap_or(rest.len()));
                    self.scan.push(data, found);
                    if !data.is_empty() {
                        self.after_return = false;
                    }
                    self.end_line(after)
                }
                Line::Begun(_) | Line::Other => self.step(rest),
            };
        }
    }

    /// Takes the end of a line off, if it is the next byte.
    fn end_line<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        match rest.split_first() {
            Some((byte, after)) => {
                self.after_return = *byte == b'\r';
                self.line = Line::Begun(0);
                after
            }
            None => rest,
        }
    }

    fn step<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some((byte, after)) = rest.split_first() else {
            return rest;
        };
        if *byte == b'\n' && self.after_return {
            self.after_return = false;
            return after;
        }
        self.after_return = false;
        if matches!(byte, b'\n' | b'\r') {
            if matches!(self.line, Line::Begun(0)) {
                // An empty line ends the event.
                self.scan = Scan::default();
            }
            return self.end_line(rest);
        }
        self.line = match self.line {
            Line::Begun(so_far) if FIELD[so_far] == *byte => match so_far + 1 {
                all if all == FIELD.len() => Line::Data,
                more => Line::Begun(more),
            },
            _ => Line::Other,
        };
        after
    }
}
