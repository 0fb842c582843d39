//! The node's own key, by which peers know it again. It signs nothing but connections, and holds no coins.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::{Context as _, Result, anyhow};
use libp2p::identity::{Keypair, ed25519};
use zeroize::Zeroizing;

use crate::peers::{Readers, replace};

/// The key's file in the data folder: 64 hex digits, for its owner's eyes only.
pub(super) const FILE: &str = "node-key";

/// Reads the node's key from a data folder, or makes one there.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub(super) fn open(folder: &Path) -> Result<Keypair> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return create(&path),
        Err(error) => return Err(error).with_context(|| format!("the node's key {} cannot be read", path.display())),
    };
    let mut bytes = Zeroizing::new([0; 32]);
    let read = hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|error| error.to_string());
    let key = read.and_then(|()| Keypair::ed25519_from_bytes(&mut *bytes).map_err(|error| error.to_string()));
    let key = key.map_err(|error| {
        let path = path.display();
        anyhow!("the node's key {path} cannot be read ({error}): restore it, or remove it to get a new one")
    })?;
    keep_secret(&path)?;
    Ok(key)
}

fn create(path: &Path) -> Result<Keypair> {
    let key = ed25519::Keypair::generate();
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.secret())));
    replace(path, text.as_bytes(), Readers::Owner)?;
    Ok(key.into())
}

/// Takes away what others may do with the file, as a copy or a restored folder may have given it to them.
#[cfg(unix)]
fn keep_secret(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let named = || format!("the node's key {} cannot be kept from others", path.display());
    let mode = fs::metadata(path).with_context(named)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could read the node's key; now they cannot");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(named)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_secret(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let made = open(folder.path()).unwrap().public();
        assert_eq!(open(folder.path()).unwrap().public(), made);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(open(other.path()).unwrap().public(), made);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        open(folder.path()).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        open(folder.path()).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn what_is_no_key_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "not a key").unwrap();
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("remove it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
