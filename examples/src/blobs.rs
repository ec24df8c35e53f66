//! Files of any size, kept by a service: what `blob-server` and `blob-client` share.

use std::path::{Path, PathBuf};

use pycom::{Attachment, Error, Result, interface};
use serde::{Deserialize, Serialize};

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Keeps files in a folder.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// In this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where files wait until they are whole: beside the others, so that they need not be copied.
    pub fn spool(folder: &Path) -> PathBuf {
        folder.join(".spool")
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let is_plain = !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && !name.contains(['/', '\0']);
        match is_plain {
            true => Ok(self.folder.join(name)),
            false => Err(Error::bad_request("a name is that of a file, without a path, and does not begin with a dot")),
        }
    }
}

/// Keeps files.
#[interface("com.foo.blobs")]
impl Blobs {
    /// Keeps a file under a name, in the place of one that has it already.
    #[method(idempotent, attachments(incoming = "blob"))]
    pub async fn put(&self, name: String, blob: Attachment) -> Result<u64> {
        blob.save(self.path(&name)?).await
    }

    /// Gives a file.
    #[method(idempotent, attachments(outgoing = "blob"))]
    pub async fn get(&self, name: String) -> Result<Attachment> {
        let path = self.path(&name)?;
        if !path.is_file() {
            return Err(Error::application(404, format!("there is no '{name}'")));
        }
        Attachment::from_file(path).await
    }

    /// Lists the files.
    #[method(idempotent)]
    pub fn ls(&self) -> Result<Vec<Blob>> {
        let mut blobs = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && !name.starts_with('.') {
                blobs.push(Blob { name, size: entry.metadata()?.len() });
            }
        }
        blobs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(blobs)
    }
}
