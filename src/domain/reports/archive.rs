//! ZIP archives as they are written: in constant memory, and with the same bytes for the same content and time.

use std::io::{self, Write};

use chrono::{Datelike as _, Timelike as _};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::clock::Timestamp;

/// An archive that is being written. What is written goes into the file that was begun last.
pub struct Archive<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    options: SimpleFileOptions,
}

impl<W: Write> Archive<W> {
    /// An archive whose files all have this time; ZIP knows two seconds and the years from 1980 to 2107.
    pub fn new(out: W, at: Timestamp) -> Self {
        let time = at.to_datetime();
        let part = |value: u32| u8::try_from(value).unwrap_or_default();
        let time = DateTime::from_date_and_time(
            u16::try_from(time.year()).unwrap_or_default(),
            part(time.month()),
            part(time.day()),
            part(time.hour()),
            part(time.minute()),
            part(time.second()),
        );
        Self {
            zip: ZipWriter::new_stream(out),
            // Nothing of the machine it is written on, and room for files of more than 4 GiB.
            options: SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(6))
                .last_modified_time(time.unwrap_or(DateTime::DEFAULT))
                .system(System::Unix)
                .unix_permissions(0o644)
                .large_file(true),
        }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// If the archive cannot be written.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        Ok(self.zip.start_file(name, self.options)?)
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.zip.finish()?.into_inner())
    }
}

impl<W: Write> Write for Archive<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.zip.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn archive(at: Timestamp) -> Vec<u8> {
        let mut archive = Archive::new(Vec::new(), at);
        for name in ["one.csv", "README.txt"] {
            archive.begin(name).unwrap();
            archive.write_all(name.repeat(1000).as_bytes()).unwrap();
        }
        archive.finish().unwrap()
    }

    #[test]
    fn the_same_content_and_time_make_the_same_bytes() {
        let at = Timestamp::from_millis(1_795_000_000_000);
        let bytes = archive(at);
        assert_eq!(bytes, archive(at));
        assert_ne!(bytes, archive(Timestamp::from_millis(1_795_000_010_000)));
        let mut read = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        assert_eq!(read.len(), 2);
        let mut text = String::new();
        read.by_name("one.csv")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one.csv".repeat(1000));
    }
}
