//! QR codes as SVG: one path of dark modules on white, with the quiet zone around it. The same in both themes, since
//! many cameras read no light code on dark ground.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004, section 9.1).
const QUIET: usize = 4;

/// A code, for a template.
pub struct Qr {
    /// Width and height of the drawing, in modules.
    pub size: usize,
    /// The dark modules: a path whose rows are runs of squares.
    pub path: String,
}

impl Qr {
    /// Draws a text of some hundred characters.
    pub fn of(text: &str) -> Self {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .expect("an address for an app is far shorter than a code can hold");
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run[0] == Color::Dark {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    write!(path, "M{left} {top}h{length}v1h-{length}z")
                        .expect("writing to a String");
                }
                x += run.len();
            }
        }
        Self {
            size: width + 2 * QUIET,
            path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finder_patterns_within_the_quiet_zone() {
        let qr = Qr::of("otpauth://totp/keys.example:maren%40example.com?secret=GEZDGNBVGY3TQOJQ");
        // The first row: a finder pattern at each end, seven dark modules wide.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        let right = qr.size - QUIET - 7;
        assert!(qr.path.contains(&format!("M{right} 4h7v1h-7z")));
        assert!(
            qr.path
                .chars()
                .all(|c| c.is_ascii_digit() || "Mhvz -".contains(c))
        );
    }
}
