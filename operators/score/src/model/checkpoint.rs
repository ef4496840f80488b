use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use backstory_core::Digest;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;

use crate::model::config::Raw;
use crate::model::{Config, LoadError};

/// A header of 100 MB would name a million tensors; the reference implementation refuses longer ones, too.
const LONGEST_HEADER: u64 = 100_000_000;

/// A model's folder: its configuration, and where each of its tensors lies.
///
/// Tensors are read, not mapped: each is converted once and then not needed any more, and a file that
/// is cut short while it is read is an error, not a signal.
#[derive(Debug)]
pub struct Checkpoint {
    /// The shape of the model.
    pub config: Config,
    folder: PathBuf,
    files: Vec<Shard>,
    /// Which of the files has a tensor.
    tensors: BTreeMap<String, usize>,
}

/// One `.safetensors` file.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    metadata: Metadata,
    /// Where the tensors begin.
    data: u64,
}

/// `model.safetensors.index.json`.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Opens the model in `folder`; reads no tensor yet.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join("config.json");
        let raw: Raw = serde_json::from_slice(&read(&path)?).map_err(malformed(&path))?;
        let config = Config::new(&raw)?;
        let mut files = vec![];
        let mut tensors = BTreeMap::new();
        for name in shards(folder)? {
            let shard = Shard::open(folder.join(name))?;
            let names = shard.metadata.tensors().into_keys();
            tensors.extend(names.map(|name| (name, files.len())));
            files.push(shard);
        }
        Ok(Self { config, folder: folder.into(), files, tensors })
    }

    /// The digest of the configuration and of all weights. Reads all files.
    pub fn digest(&self) -> Result<Digest, LoadError> {
        let mut hasher = backstory_core::Hasher::new();
        hasher.field(read(&self.folder.join("config.json"))?);
        for shard in &self.files {
            let mut file = blake3::Hasher::new();
            file.update_reader(open(&shard.path)?).map_err(unreadable(&shard.path))?;
            hasher.field(file.finalize().as_bytes());
        }
        Ok(hasher.finish())
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Gives the numbers of a tensor to `push`, in order. Its shape has to be the expected one.
    pub fn read(
        &self,
        name: &str,
        expected: &[usize],
        mut push: impl FnMut(f32),
    ) -> Result<(), LoadError> {
        let shard = self.tensors.get(name).map(|&file| &self.files[file]);
        let tensor = shard.and_then(|shard| Some((shard, shard.metadata.info(name)?)));
        let Some((shard, info)) = tensor else {
            return Err(LoadError::MissingTensor {
                name: name.into(),
                folder: self.folder.clone(),
            });
        };
        if info.shape != expected {
            let (found, expected) = (info.shape.clone(), expected.to_vec());
            return Err(LoadError::Shape { name: name.into(), found, expected });
        }
        let (start, end) = info.data_offsets;
        let mut file = open(&shard.path)?;
        let at = SeekFrom::Start(shard.data + start as u64);
        file.seek(at).map_err(unreadable(&shard.path))?;
        let mut bytes = Chunks { file, left: end - start, buffer: vec![] };
        let mut convert = |size: usize, number: &mut dyn FnMut(&[u8]) -> f32| {
            while let Some(chunk) = bytes.next().map_err(unreadable(&shard.path))? {
                chunk.chunks_exact(size).for_each(|bytes| push(number(bytes)));
            }
            Ok(())
        };
        match info.dtype {
            Dtype::F32 => convert(4, &mut |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            Dtype::BF16 => convert(2, &mut |b| bf16::from_le_bytes([b[0], b[1]]).to_f32()),
            Dtype::F16 => convert(2, &mut |b| f16::from_le_bytes([b[0], b[1]]).to_f32()),
            other => Err(LoadError::Unsupported {
                what: format!("tensor \"{name}\" of type {other:?}"),
                hint: "take the model in bf16, f16 or f32",
            }),
        }
    }
}

impl Shard {
    /// Reads the header: its length in eight bytes, then JSON that says where each tensor lies.
    fn open(path: PathBuf) -> Result<Self, LoadError> {
        let malformed = |message: &str| malformed(&path)(message);
        let mut file = open(&path)?;
        let size = file.metadata().map_err(unreadable(&path))?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(unreadable(&path))?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER {
            return Err(malformed("its header cannot be that long"));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(unreadable(&path))?;
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|error| malformed(&error.to_string()))?;
        let data = 8 + length;
        let expected = data + metadata.data_len() as u64;
        if size != expected {
            let message = format!("it has {size} bytes, its header says {expected}");
            return Err(malformed(&message));
        }
        Ok(Self { path, metadata, data })
    }
}

/// A part of a file, a piece at a time; pieces are a multiple of any number's size.
struct Chunks {
    file: File,
    left: usize,
    buffer: Vec<u8>,
}

impl Chunks {
    fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        let size = self.left.min(1 << 20);
        self.left -= size;
        self.buffer.resize(size, 0);
        self.file.read_exact(&mut self.buffer)?;
        Ok(Some(&self.buffer[..]).filter(|chunk| !chunk.is_empty()))
    }
}

/// The names of the files that hold the weights, each once.
fn shards(folder: &Path) -> Result<BTreeSet<String>, LoadError> {
    let path = folder.join("model.safetensors.index.json");
    if !path.exists() {
        return Ok(["model.safetensors".to_owned()].into());
    }
    let index: Index = serde_json::from_slice(&read(&path)?).map_err(malformed(&path))?;
    Ok(index.weight_map.into_values().collect())
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(unreadable(path))
}

fn open(path: &Path) -> Result<File, LoadError> {
    File::open(path).map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> LoadError {
    |source| LoadError::Read { path: path.into(), source }
}

fn malformed<E: ToString>(path: &Path) -> impl FnOnce(E) -> LoadError {
    |error| LoadError::Malformed { path: path.into(), message: error.to_string() }
}
