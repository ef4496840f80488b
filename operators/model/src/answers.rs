//! Answers, kept: one object per key, written once and before anybody uses it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use backstory_core::{Digest, Request};
use backstory_keep::{Place, Shelves, Unsettled};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Reply;

/// An answer and the record of its payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub reply: Reply,
    pub request: Request,
    /// Who asked first.
    #[serde(default)]
    pub repository: Option<String>,
}

/// The repository that a kept answer was given about, by the bytes of its object: who asked first, where
/// several ask the same question. None if they do not tell.
pub fn owner(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Owner {
        repository: Option<String>,
    }
    serde_json::from_slice::<Owner>(bytes).ok()?.repository
}

/// An answer that is kept, but not yet for sure.
pub(crate) struct Put {
    key: Digest,
    bytes: Bytes,
    unsettled: Unsettled,
}

/// Answers, kept at a place. Answers that it refused are held here and offered again before anything else is
/// asked: they are paid.
pub(crate) struct Answers {
    shelves: Shelves,
    unsaved: Mutex<HashMap<Digest, Bytes>>,
}

impl Answers {
    pub fn new(place: Place) -> Self {
        Self { shelves: Shelves::new(place), unsaved: Mutex::default() }
    }

    /// The answer under `key`. What is torn or foreign counts as absent, and is written over later.
    pub async fn get(&self, key: Digest) -> Result<Option<Kept>, String> {
        let read = self.shelves.read(key).await;
        let Some(bytes) = read.map_err(|error| self.trouble("read", &error))? else {
            return Ok(None);
        };
        let kept = serde_json::from_slice::<Kept>(&bytes).ok();
        Ok(kept.filter(|kept| kept.request.key == key))
    }

    /// Keeps an answer such that a killed process leaves it behind.
    pub async fn put(&self, kept: &Kept) -> Result<Put, String> {
        let key = kept.request.key;
        let bytes = Bytes::from(serde_json::to_vec(kept).map_err(|error| error.to_string())?);
        let put = self.shelves.put(key, bytes.clone()).await;
        put.map(|unsettled| Put { key, bytes: bytes.clone(), unsettled })
            .map_err(|error| self.refused(key, bytes, &error))
    }

    /// Returns once the answer outlives a power cut, and may be used.
    pub async fn settle(&self, put: Put) -> Result<(), String> {
        let settled = self.shelves.settle(put.unsettled).await;
        settled.map_err(|error| self.refused(put.key, put.bytes, &error))
    }

    fn refused(&self, key: Digest, bytes: Bytes, error: &str) -> String {
        self.held().insert(key, bytes);
        self.trouble("kept", error)
    }

    /// Whether answers can be kept: whether all that were given so far are.
    pub async fn ready(&self) -> Result<(), String> {
        loop {
            let next = self.held().iter().next().map(|(key, bytes)| (*key, bytes.clone()));
            let Some((key, bytes)) = next else { return Ok(()) };
            let put = self.shelves.put(key, bytes).await;
            let put = put.map_err(|error| self.trouble("kept", &error))?;
            let settled = self.shelves.settle(put).await;
            settled.map_err(|error| self.trouble("kept", &error))?;
            self.held().remove(&key);
        }
    }

    /// Whether there will never be others.
    pub fn are_recorded(&self) -> bool {
        self.shelves.place().is_recorded()
    }

    /// What is wrong, as a sentence.
    pub fn trouble_now(&self) -> Option<String> {
        let count = self.held().len();
        (count > 0)
            .then(|| format!("{count} answers could not be kept in {}", self.shelves.place()))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Digest, Bytes>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self, done: &str, error: &str) -> String {
        let place = self.shelves.place();
        format!(
            "an answer could not be {done} in {place}: {error}; make room there or see to its \
             rights, and run again"
        )
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use backstory_core::Outcome;

    use super::*;

    fn kept(text: &str) -> Kept {
        let reply = Reply { content: text.into(), ..Reply::default() };
        let request = Request {
            key: Digest::of(text),
            purpose: "need".into(),
            file: Some(3),
            endpoint: None,
            model: "m".into(),
            prompt_tokens: 1,
            completion_tokens: 2,
            latency_ms: 3,
            tries: 1,
            finish_reason: Some("stop".into()),
            cost: Some(0.25),
            outcome: Outcome::Used,
            message: None,
        };
        Kept { reply, request, repository: Some("shop".into()) }
    }

    fn answers(folder: &std::path::Path) -> Answers {
        Answers::new(Place::Folder { path: folder.join("of/answers"), own: true })
    }

    #[tokio::test]
    async fn what_is_kept_is_found_and_what_is_torn_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let answers = answers(folder.path());
        let (one, two) = (kept("one"), kept("two"));
        assert_eq!(answers.get(one.request.key).await, Ok(None));
        answers.put(&one).await.unwrap();
        assert_eq!(answers.get(one.request.key).await, Ok(Some(one.clone())));

        let key = one.request.key.to_string();
        let file = folder.path().join(format!("of/answers/{}/{key}.json", &key[..2]));
        let whole = std::fs::read(&file).unwrap();
        let other = serde_json::to_vec(&two).unwrap();
        for garbage in [&b""[..], b"\xff\0", &whole[..whole.len() / 2], &other] {
            std::fs::write(&file, garbage).unwrap();
            assert_eq!(answers.get(one.request.key).await, Ok(None));
        }
        answers.put(&one).await.unwrap();
        assert_eq!(answers.get(one.request.key).await, Ok(Some(one.clone())));

        assert_eq!(owner(&whole).as_deref(), Some("shop"));
        let mut nobody: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        nobody.as_object_mut().unwrap().remove("repository").unwrap();
        let nobody = serde_json::to_vec(&nobody).unwrap();
        assert_eq!((owner(&nobody), owner(b"torn")), (None, None));
        std::fs::write(&file, nobody).unwrap();
        let found = answers.get(one.request.key).await;
        assert_eq!(found, Ok(Some(Kept { repository: None, ..one })));
    }

    #[tokio::test]
    async fn what_could_not_be_kept_is_offered_again() {
        let folder = tempfile::tempdir().unwrap();
        let answers = answers(folder.path());
        // A file where a folder is to be.
        let block = folder.path().join("of");
        std::fs::write(&block, "").unwrap();
        let one = kept("one");
        assert!(answers.put(&one).await.is_err_and(|told| told.contains("could not be kept")));
        assert!(answers.ready().await.is_err());
        assert!(answers.trouble_now().is_some());
        std::fs::remove_file(&block).unwrap();
        assert_eq!(answers.ready().await, Ok(()));
        assert_eq!(answers.trouble_now(), None);
        assert_eq!(answers.get(one.request.key).await, Ok(Some(one)));
    }
    #[tokio::test]
    async fn what_others_left_or_took_away_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let answers = answers(folder.path());
        let one = kept("one");
        let key = one.request.key.to_string();
        let place = folder.path().join("of/answers").join(&key[..2]);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(format!("{key}.json#1")), "half").unwrap();
        answers.put(&one).await.unwrap();
        assert_eq!(answers.get(one.request.key).await, Ok(Some(one.clone())));
        std::fs::remove_dir_all(folder.path().join("of")).unwrap();
        assert_eq!(answers.get(one.request.key).await, Ok(None));
        assert!(answers.put(&one).await.is_err(), "it was there before");
        answers.ready().await.unwrap();
        assert_eq!(answers.get(one.request.key).await, Ok(Some(one)));
    }
}
