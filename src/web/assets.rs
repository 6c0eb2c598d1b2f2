//! Static files under names that carry a hash of their content, compressed when the program was built.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PageError;

/// One file.
pub struct Asset {
    name: &'static str,
    url: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All files, written by build.rs.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of the file `static/<name>`. An unknown name gives an address that answers 404; a test finds it.
pub fn url(name: &str) -> &'static str {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or("/assets/missing", |asset| asset.url)
}

/// Serves a file: for a year, since another content has another name.
///
/// # Errors
/// If there is no such file.
pub async fn get(req: HttpRequest) -> Result<HttpResponse, PageError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.url == req.path())
        .ok_or(PageError::NotFound)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
    if asset.brotli.is_some() {
        response.insert_header((header::VARY, "accept-encoding"));
    }
    let (encoding, body) = if let Some(body) = asset.brotli.filter(|_| accepts(&req, "br")) {
        (Some("br"), body)
    } else if let Some(body) = asset.gzip.filter(|_| accepts(&req, "gzip")) {
        (Some("gzip"), body)
    } else {
        (None, asset.plain)
    };
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Ok(response.body(body))
}

fn accepts(req: &HttpRequest, encoding: &str) -> bool {
    req.headers()
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|part| part == "q=0")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `asset("…")` of a template and `assets::url("…")` of a source names a file that exists.
    #[test]
    fn every_reference_names_a_file() {
        let mut found = 0;
        let mut folders = vec![std::path::PathBuf::from("templates"), "src".into()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let references = ["layout.asset(\"", " assets::url(\""];
                for rest in references
                    .iter()
                    .flat_map(|start| text.split(start).skip(1))
                {
                    let name = rest.split('"').next().unwrap();
                    if name.contains('.') {
                        assert_ne!(url(name), "/assets/missing", "{name} in {}", path.display());
                        found += 1;
                    }
                }
            }
        }
        assert!(found >= 5, "the templates refer to {found} assets");
    }

    /// All files below a folder, with their paths.
    fn texts(folder: &str) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    texts.push((path.display().to_string(), text));
                }
            }
        }
        texts
    }

    /// The Content-Security-Policy refuses all of these; here they are found before a browser does.
    #[test]
    fn templates_hold_no_inline_style_script_or_data() {
        let templates = texts("templates");
        assert!(templates.len() > 10);
        // Mails are no pages: no policy holds for them, and their styles must be inside.
        let pages = templates
            .into_iter()
            .filter(|(path, _)| !path.starts_with("templates/mail/"));
        for (path, text) in pages {
            for refused in ["style=", "<style", "data:", "javascript:"] {
                assert!(!text.contains(refused), "{refused} in {path}");
            }
            for handler in [
                "click", "load", "error", "submit", "input", "change", "focus",
            ] {
                assert!(!text.contains(&format!(" on{handler}=")), "{path}");
            }
            for script in text.split("<script").skip(1) {
                let (tag, content) = script.split_once('>').unwrap();
                assert!(tag.contains("src="), "inline script in {path}");
                assert!(content.starts_with("</script>"), "inline script in {path}");
            }
        }
    }

    /// An icon that the sprite lacks would be drawn as nothing, and one that nobody uses would be carried for nothing.
    #[test]
    fn the_sprite_has_the_icons_in_use() {
        let sprite = std::fs::read_to_string("static/icons.svg").unwrap();
        let mut sources = texts("templates");
        sources.extend(texts("src/web"));
        for (path, text) in &sources {
            for rest in text.split("icon(\"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(
                    sprite.contains(&format!("id=\"{name}\"")),
                    "{name} in {path}"
                );
            }
        }
        sources.push((
            "keyport.js".to_owned(),
            std::fs::read_to_string("static/keyport.js").unwrap(),
        ));
        for symbol in sprite.split("<symbol id=\"").skip(1) {
            let name = symbol.split('"').next().unwrap();
            let is_used = sources
                .iter()
                .any(|(_, text)| text.contains(&format!("\"{name}\"")));
            assert!(is_used, "nothing uses the icon {name}");
        }
    }

    #[test]
    fn stylesheets_refer_to_hashed_names_only() {
        let css = ASSETS
            .iter()
            .find(|asset| asset.name == "keyport.css")
            .unwrap();
        let text = std::str::from_utf8(css.plain).unwrap();
        for rest in text.split("url(").skip(1) {
            assert!(rest.starts_with("/assets/"), "{}", &rest[..40]);
        }
    }

    #[test]
    fn nothing_embeds_data_urls() {
        for asset in ASSETS
            .iter()
            .filter(|asset| asset.content_type.starts_with("text/css"))
        {
            assert!(!asset.plain.windows(9).any(|window| window == b"url(\"data"));
        }
    }
}
