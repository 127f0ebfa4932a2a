//! A certificate of the panel's own making, made once.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, KeyPair};

use super::{Error, Files};

/// The certificate in the data directory; made if it is not there.
pub fn self_signed(data_dir: &Path, allowed_hosts: &[String]) -> Result<Files, Error> {
    let dir = data_dir.join("tls");
    let files = Files {
        certificate: dir.join("certificate.pem"),
        key: dir.join("key.pem"),
    };
    if files.certificate.exists() && files.key.exists() {
        return Ok(files);
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names(allowed_hosts))?;
    params.distinguished_name.push(DnType::CommonName, "AiKore");
    let certificate = params.self_signed(&key)?;
    let kept = |path: &Path, source| Error::Keep {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(&dir).map_err(|error| kept(&dir, error))?;
    // The key first: a certificate is only found complete together with it.
    for (path, text, mode) in [
        (&files.key, key.serialize_pem(), 0o600),
        (&files.certificate, certificate.pem(), 0o644),
    ] {
        write(path, &text, mode).map_err(|error| kept(path, error))?;
    }
    Ok(files)
}

fn write(path: &PathBuf, text: &str, mode: u32) -> std::io::Result<()> {
    let new = path.with_extension("new");
    // One that a crash left behind may have another mode.
    let _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

/// The names the panel answers to; a browser warns once in any case.
fn names(allowed_hosts: &[String]) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        "*.localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if let Some(own) = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
    {
        names.push(format!("{own}.local"));
        names.push(own);
    }
    for host in allowed_hosts {
        let host = host.trim().trim_start_matches('.');
        names.push(host.to_owned());
        names.push(format!("*.{host}"));
    }
    names.retain(|name| name.is_ascii() && !name.is_empty());
    names
}
