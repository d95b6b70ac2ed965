//! A company's own certificate authority, as the one that signs the DMS's certificate.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::ensure;
use tokio::process::Command;

use crate::process::run;

/// Keys and certificates of an authority and of a server at 127.0.0.1.
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes them in `folder` with the openssl program.
    ///
    /// # Errors
    /// When openssl is missing or fails.
    pub async fn make(folder: &Path) -> anyhow::Result<Self> {
        const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let steps = [
            format!("req -x509 {KEY} -keyout ca.key -out ca.pem -subj /CN=Authority -days 2"),
            format!(
                "req {KEY} -keyout tls.key -out tls.csr -subj /CN=dms \
                 -addext subjectAltName=IP:127.0.0.1"
            ),
            "x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tls.pem \
             -days 2 -copy_extensions copy"
                .to_owned(),
        ];
        for step in steps {
            let mut openssl = Command::new("openssl");
            openssl.args(step.split_whitespace()).current_dir(folder);
            let made = run(openssl, Duration::from_secs(60)).await?;
            ensure!(made.code == 0, "openssl {step}: {}", made.stderr);
        }
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The server's certificate and key, PEM.
    #[must_use]
    pub fn server(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("tls.pem"), self.folder.join("tls.key"))
    }
}
