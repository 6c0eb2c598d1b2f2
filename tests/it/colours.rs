//! The colours of `static/keyport.css`: every pair that meets on a page is far enough apart, in light and in dark.

use std::collections::BTreeMap;

/// Red, green, blue.
type Colour = [u8; 3];

/// What is read stands out by this much (WCAG 2.2, 1.4.3).
const TEXT: f64 = 4.5;
/// Edges of inputs, icons and bars stand out by this much (WCAG 2.2, 1.4.11).
const SHAPE: f64 = 3.0;

/// Foreground, background, least contrast.
const PAIRS: [(&str, &str, f64); 25] = [
    ("text", "bg", TEXT),
    ("text", "surface", TEXT),
    ("text", "subtle", TEXT),
    ("text", "accent-soft", TEXT),
    ("text", "ok-soft", TEXT),
    ("text", "warn-soft", TEXT),
    ("text", "bad-soft", TEXT),
    ("text", "neutral-soft", TEXT),
    ("text-2", "bg", TEXT),
    ("text-2", "surface", TEXT),
    ("text-2", "subtle", TEXT),
    ("text-2", "accent-soft", TEXT),
    ("text-2", "neutral-soft", TEXT),
    ("accent", "bg", TEXT),
    ("accent", "surface", TEXT),
    ("accent", "subtle", TEXT),
    ("accent", "accent-soft", TEXT),
    ("accent", "bad-soft", TEXT),
    ("ok", "surface", TEXT),
    ("ok", "ok-soft", TEXT),
    ("warn", "surface", TEXT),
    ("warn", "warn-soft", TEXT),
    ("bad", "surface", TEXT),
    ("bad", "bad-soft", TEXT),
    ("control", "surface", SHAPE),
];

#[test]
fn colours_that_meet_are_far_enough_apart_in_light_and_in_dark() {
    let tokens = tokens();
    let find = |name: &str| tokens.get(name).unwrap_or_else(|| panic!("no --{name}"));
    let mut close = Vec::new();
    for (front, back, least) in PAIRS {
        for theme in [0, 1] {
            let ratio = contrast(find(front)[theme], find(back)[theme]);
            if ratio < least {
                close.push(format!("{front} on {back}, {theme}: {ratio:.2}"));
            }
        }
    }
    for solid in ["accent-solid", "bad-solid"] {
        for theme in [0, 1] {
            let ratio = contrast([255, 255, 255], find(solid)[theme]);
            if ratio < TEXT {
                close.push(format!("white on {solid}, {theme}: {ratio:.2}"));
            }
        }
    }
    assert!(close.is_empty(), "{close:#?}");
}

/// Checked with the values that WCAG's own examples give.
#[test]
fn contrast_is_computed_as_wcag_defines_it() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
    assert!((contrast([255, 255, 255], [255, 255, 255]) - 1.0).abs() < 1e-9);
    // #767676 is the lightest grey that may stand as text on white.
    assert!(contrast([0x76; 3], [255; 3]) >= 4.5 && contrast([0x77; 3], [255; 3]) < 4.5);
}

/// Each token as `--name: light-dark(#light, #dark)`.
fn tokens() -> BTreeMap<String, [Colour; 2]> {
    let css = std::fs::read_to_string("static/keyport.css").unwrap();
    css.split("--")
        .filter_map(|part| {
            let (name, rest) = part.split_once(": light-dark(#")?;
            let (light, rest) = rest.split_once(", #")?;
            let (dark, _) = rest.split_once(')')?;
            Some((name.to_owned(), [colour(light), colour(dark)]))
        })
        .collect()
}

fn colour(hex: &str) -> Colour {
    let whole: String = match hex.len() {
        3 => hex.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => hex.to_owned(),
    };
    let part = |index: usize| u8::from_str_radix(&whole[2 * index..2 * index + 2], 16).unwrap();
    [part(0), part(1), part(2)]
}

/// WCAG 2.2, "contrast ratio".
fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2.2, "relative luminance".
fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
