use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[tokio::test]
async fn a_certificate_is_made_once_and_its_key_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let files = self_signed(dir.path(), &["panel.example".to_owned()]).unwrap();
    let first = std::fs::read(&files.certificate).unwrap();
    let mode = std::fs::metadata(&files.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(Tls::read(files).is_ok());
    let again = self_signed(dir.path(), &[]).unwrap();
    assert_eq!(std::fs::read(again.certificate).unwrap(), first);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_old_certificate_stays() {
    let dir = tempfile::tempdir().unwrap();
    let files = self_signed(dir.path(), &[]).unwrap();
    let (present, used) = watch::channel(Arc::new(config(&files).unwrap()));
    let old = used.borrow().clone();
    std::fs::write(&files.certificate, "no certificate").unwrap();
    let error = Tls::read(files.clone()).err().unwrap().to_string();
    assert!(
        error.contains("certificate.pem") && error.ends_with('.'),
        "{error}"
    );
    reload::take(&files, &present);
    assert!(Arc::ptr_eq(&old, &used.borrow()));
    std::fs::remove_dir_all(dir.path().join("tls")).unwrap();
    self_signed(dir.path(), &[]).unwrap();
    reload::take(&files, &present);
    assert!(!Arc::ptr_eq(&old, &used.borrow()));
}
