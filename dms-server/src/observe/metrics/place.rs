//! How much room is left on the disks this server writes to.

use std::path::PathBuf;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts, Result};

use crate::config::Config;

/// Asks the file systems when it is asked itself.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// What is kept there, as a label, and the folder. A store or database elsewhere has none.
    folders: Vec<(&'static str, PathBuf)>,
    free: IntGaugeVec,
    size: IntGaugeVec,
}

impl Places {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let mut folders = vec![
            ("uploads", config.data.clone()),
            ("work", config.media.work_folder.clone()),
        ];
        if let Some(folder) = config.storage.url.strip_prefix("file://") {
            folders.push(("store", folder.into()));
        }
        if let Some(file) = config.database.url.strip_prefix("sqlite://") {
            let folder = PathBuf::from(file).parent().map(PathBuf::from);
            folders.extend(folder.map(|folder| ("database", folder)));
        }
        let free = Opts::new(
            "dms_disk_free_bytes",
            "Room left for this server on the disk of a place it writes to.",
        );
        let size = Opts::new(
            "dms_disk_size_bytes",
            "Size of the disk of a place this server writes to.",
        );
        Ok(Self {
            folders,
            free: IntGaugeVec::new(free, &["place"])?,
            size: IntGaugeVec::new(size, &["place"])?,
        })
    }

    fn read(&self) {
        for (place, folder) in &self.folders {
            // The work folder appears with the first job; until then its parent is as full.
            let there = folder.ancestors().find(|folder| folder.exists());
            let Some(stat) = there.and_then(|folder| rustix::fs::statvfs(folder).ok()) else {
                let _ = self.free.remove_label_values(&[place]);
                let _ = self.size.remove_label_values(&[place]);
                continue;
            };
            let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize).cast_signed();
            self.free
                .with_label_values(&[place])
                .set(bytes(stat.f_bavail));
            self.size
                .with_label_values(&[place])
                .set(bytes(stat.f_blocks));
        }
    }
}

impl Collector for Places {
    fn desc(&self) -> Vec<&Desc> {
        [self.free.desc(), self.size.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        [self.free.collect(), self.size.collect()].concat()
    }
}
