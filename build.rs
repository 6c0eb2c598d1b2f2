//! Makes the table of static assets: names with a content hash, and each text compressed once, here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=migrations");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = Path::new("static");
    let mut files = BTreeMap::new();
    collect(root, root, &mut files);
    let mut hashed: BTreeMap<String, String> = BTreeMap::new();
    let mut table = String::from("&[\n");
    // Stylesheets come last: their references to other files are rewritten to hashed names.
    let (styles, others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(name, _)| name.ends_with(".css"));
    for (name, mut content) in others.into_iter().chain(styles) {
        if name.ends_with(".css") {
            content = with_hashed_references(content, &hashed);
        }
        let public = hashed_name(&name, &content);
        write_asset(&out, &name, &public, &content, &mut table);
        hashed.insert(name, public);
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table).expect("OUT_DIR can be written");
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("static/ can be read") {
        let path = entry.expect("static/ can be read").path();
        if path.is_dir() {
            collect(root, &path, files);
            continue;
        }
        let is_asset = path.extension().is_some_and(|extension| {
            ["css", "js", "svg", "woff2"]
                .iter()
                .any(|known| extension == *known)
        });
        if is_asset {
            let name = path.strip_prefix(root).expect("found below it");
            let name = name
                .to_str()
                .expect("asset names are ASCII")
                .replace('\\', "/");
            files.insert(name, fs::read(&path).expect("static/ can be read"));
        }
    }
}

fn with_hashed_references(content: Vec<u8>, hashed: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = String::from_utf8(content).expect("stylesheets are UTF-8");
    for (name, public) in hashed {
        text = text.replace(&format!("url({name})"), &format!("url(/assets/{public})"));
    }
    text.into_bytes()
}

fn hashed_name(name: &str, content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let hash: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (stem, extension) = name.rsplit_once('.').expect("assets have an extension");
    format!("{}.{hash}.{extension}", stem.replace('/', "-"))
}

fn write_asset(out: &Path, name: &str, public: &str, content: &[u8], table: &mut String) {
    let content_type = match name.rsplit_once('.').expect("assets have an extension").1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "font/woff2",
    };
    fs::write(out.join(public), content).expect("OUT_DIR can be written");
    // Fonts are compressed already.
    let compressed = content_type != "font/woff2";
    if compressed {
        fs::write(out.join(format!("{public}.br")), brotli(content))
            .expect("OUT_DIR can be written");
        fs::write(out.join(format!("{public}.gz")), gzip(content)).expect("OUT_DIR can be written");
    }
    let include =
        |suffix: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{public}{suffix}\"))");
    let optional = |suffix: &str| {
        if compressed {
            format!("Some({})", include(suffix))
        } else {
            "None".to_owned()
        }
    };
    writeln!(
        table,
        "Asset {{ name: {name:?}, url: \"/assets/{public}\", content_type: {content_type:?}, plain: {}, brotli: {}, gzip: {} }},",
        include(""),
        optional(".br"),
        optional(".gz"),
    )
    .expect("writing to a String");
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 22);
    writer.write_all(content).expect("writing to memory");
    drop(writer);
    compressed
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content).expect("writing to memory");
    writer.finish().expect("writing to memory")
}
