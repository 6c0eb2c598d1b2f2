//! Lines of CSV that no spreadsheet takes for formulas.

use std::borrow::Cow;
use std::io::Write;

use super::super::ReportError;
use crate::clock::Timestamp;

/// Lines that are written one after the other.
pub(super) struct Lines<W: Write>(csv::Writer<W>);

impl<W: Write> Lines<W> {
    /// None yet. RFC 4180 ends lines with CR LF.
    pub(super) fn new(out: W) -> Self {
        let mut writer = csv::WriterBuilder::new();
        Self(writer.terminator(csv::Terminator::CRLF).from_writer(out))
    }

    /// Writes a line.
    pub(super) fn line<'a>(
        &mut self,
        cells: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ReportError> {
        for cell in cells {
            self.0.write_field(plain(cell).as_bytes())?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> Result<(), ReportError> {
        Ok(self.0.flush()?)
    }
}

/// Spreadsheets take a cell that begins like a formula for one (OWASP, "CSV Injection"): an apostrophe keeps it text.
fn plain(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// A time that may not be there.
pub(super) fn time(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_look_like_formulas_stay_text() {
        let mut bytes = Vec::new();
        let mut lines = Lines::new(&mut bytes);
        lines
            .line(["=1+1", "+1", "-1", "@a", "\ta", "\ra"])
            .unwrap();
        lines
            .line(["a=1", "say \"hi\", all", "", "two\nlines", "", ""])
            .unwrap();
        lines.finish().unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "'=1+1,'+1,'-1,'@a,'\ta,\"'\ra\"\r\na=1,\"say \"\"hi\"\", all\",,\"two\nlines\",,\r\n"
        );
    }
}
