use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with an output, by what the user can do about it.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The folder holds tables that another plan made.
    #[error(
        "\"{}\" holds the tables of another plan\n\
         hint: choose another sink.uri, or remove the folder (plan there {there:.12}, plan here {here:.12})",
        path.display()
    )]
    OtherPlan {
        /// The output folder.
        path: PathBuf,
        /// Digest of the plan that made the tables.
        there: String,
        /// Digest of the plan at hand.
        here: String,
    },
    /// The folder holds something else.
    #[error(
        "\"{}\" is not empty and holds no tables of ours\nhint: choose another sink.uri, or empty the folder",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// Another run has the output open.
    #[error(
        "another run is writing to \"{}\"\nhint: wait until it is over, or choose another sink.uri",
        .0.display()
    )]
    Busy(PathBuf),
    /// There are no tables to read.
    #[error(
        "\"{}\" holds no tables\nhint: give the folder that a plan names as sink.uri, after a run",
        .0.display()
    )]
    Missing(PathBuf),
    /// The output folder cannot be made or read.
    #[error(
        "cannot use \"{}\" as output: {source}\n\
         hint: choose another sink.uri, or make it a folder that can be written to",
        path.display()
    )]
    Folder {
        /// The output folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The output has no room left.
    #[error(
        "no space left on the device that holds the output\n\
         hint: make room and run the same command again; what is committed is kept and not made again"
    )]
    Full,
    /// The store refused to read or write.
    #[error("the output cannot be read or written: {0}")]
    Store(String),
    /// The tables contradict what this program writes.
    #[error("the tables are damaged: {0}\nhint: restore the folder, or run into a new one")]
    Damaged(String),
}

impl OutputError {
    /// A store's error; a full disk is told apart, whatever it is wrapped in.
    fn from_chain(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            if let Some(io) = cause.downcast_ref::<std::io::Error>()
                && matches!(
                    io.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
                )
            {
                return Self::Full;
            }
            next = cause.source();
        }
        Self::Store(error.to_string())
    }
}

impl From<object_store::Error> for OutputError {
    fn from(error: object_store::Error) -> Self {
        Self::from_chain(&error)
    }
}

impl From<deltalake_core::DeltaTableError> for OutputError {
    fn from(error: deltalake_core::DeltaTableError) -> Self {
        Self::from_chain(&error)
    }
}

impl From<datafusion::error::DataFusionError> for OutputError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::from_chain(&error)
    }
}

impl From<arrow::error::ArrowError> for OutputError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::from_chain(&error)
    }
}

impl From<parquet::errors::ParquetError> for OutputError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::from_chain(&error)
    }
}
