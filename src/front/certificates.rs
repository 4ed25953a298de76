//! The certificate with which this server speaks TLS. It is read anew when its files change, so that it can be renewed
//! without a restart.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use std::{fs, io};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};

/// How often it is looked whether the files have changed. A change is taken up when two looks in a row have seen the
/// same: by then both files are written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is spoken inside TLS, most wanted first, as ALPN names it.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];

/// HTTP/2 as ALPN names it.
pub const HTTP2: &[u8] = b"h2";

/// The files of a certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read.
    #[error("{0} can't be read: {1}")]
    Unreadable(PathBuf, io::Error),
    /// A file does not hold what it should.
    #[error("{0} holds no {1} in PEM")]
    NotInside(PathBuf, &'static str),
    /// The certificate and the key do not belong together, or are of a kind that is not known.
    #[error("{0} and {1} can't be used together: {2}")]
    Unusable(PathBuf, PathBuf, rustls::Error),
}

/// The certificate that is in use.
pub struct Certificates {
    files: TlsFiles,
    acceptor: RwLock<TlsAcceptor>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of it.
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads a certificate and its key.
    ///
    /// # Errors
    /// They can't be read, or can't be used.
    pub fn read(files: TlsFiles) -> Result<Certificates, CertificateError> {
        let acceptor = RwLock::new(acceptor(&files)?);
        Ok(Certificates { files, acceptor })
    }

    /// What makes the next handshake, with the certificate of this moment.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up each change of the files, for ever. If what is new can't be used, the log says so, and the certificate
    /// before it stays in use.
    pub async fn follow(&self) {
        let mut in_use = seen(&self.files);
        let mut before = in_use;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = seen(&self.files);
            let is_settled = now == before;
            before = now;
            if is_settled && before != in_use {
                in_use = before;
                self.take_up();
            }
        }
    }

    fn take_up(&self) {
        let certificate = self.files.certificate.display();
        match acceptor(&self.files) {
            Ok(acceptor) => {
                *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                log::info!("the certificate in {certificate} is in use from now on");
            }
            Err(error) => log::error!("the certificate before stays in use: {error}"),
        }
    }
}

/// Reads the files and makes of them what makes handshakes.
fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, CertificateError> {
    let chain = pem_of(&files.certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, pem::Error>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| CertificateError::NotInside(files.certificate.clone(), "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&pem_of(&files.key)?)
        .map_err(|_| CertificateError::NotInside(files.key.clone(), "private key"))?;
    let unusable = |error| CertificateError::Unusable(files.certificate.clone(), files.key.clone(), error);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn pem_of(file: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(file).map_err(|error| CertificateError::Unreadable(file.to_owned(), error))
}

/// What tells one state of a file from another: where it is stored, its length, and when it was written.
type Seen = Option<(u64, u64, u64, i64, i64)>;

/// The state of both files. `None` stands for a file that is not there.
fn seen(files: &TlsFiles) -> [Seen; 2] {
    let state = |file: Metadata| (file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec());
    [&files.certificate, &files.key].map(|file| fs::metadata(file).ok().map(state))
}
