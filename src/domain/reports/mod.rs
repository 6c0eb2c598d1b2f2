//! Reports: what accounts can download, and the files that they are kept in.

pub mod archive;
pub mod files;
