//! Questions under way: the same one asked by several is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backstory_core::{Digest, Request};
use tokio::sync::watch;

use crate::{AskError, Reply};

/// What came of one question with one amount of room.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub result: Result<Reply, AskError>,
    /// The record, if anything was sent now or earlier.
    pub request: Option<Request>,
    /// Whether the reply was cut off for want of room.
    pub truncated: bool,
}

type Sender = watch::Sender<Option<Arc<Settled>>>;
type Receiver = watch::Receiver<Option<Arc<Settled>>>;

/// All questions under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<Digest, Arc<Sender>>>);

/// One question under way, from the side of whoever asks it of servers. However that ends, the question is
/// under way no more.
pub(crate) struct Flight {
    flights: Arc<Flights>,
    key: Digest,
    sender: Arc<Sender>,
}

impl Flights {
    /// Joins those who wait for `key`. The first of them is given the flight, to see it through.
    pub fn join(self: &Arc<Self>, key: Digest) -> (Receiver, Option<Flight>) {
        let mut flights = self.lock();
        if let Some(sender) = flights.get(&key) {
            return (sender.subscribe(), None);
        }
        let (sender, receiver) = watch::channel(None);
        let sender = Arc::new(sender);
        flights.insert(key, Arc::clone(&sender));
        (receiver, Some(Flight { flights: Arc::clone(self), key, sender }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Sender>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Tells all who wait.
    pub fn land(self, settled: Settled) {
        self.sender.send_replace(Some(Arc::new(settled)));
    }

    /// Returns once nobody waits any more; from then on nobody can join either.
    pub async fn deserted(&self) {
        loop {
            self.sender.closed().await;
            let mut flights = self.flights.lock();
            if self.sender.receiver_count() == 0 {
                self.forget(&mut flights);
                return;
            }
        }
    }

    fn forget(&self, flights: &mut HashMap<Digest, Arc<Sender>>) {
        if flights.get(&self.key).is_some_and(|sender| Arc::ptr_eq(sender, &self.sender)) {
            flights.remove(&self.key);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.forget(&mut self.flights.lock());
    }
}

/// What came of a question that somebody else sees through; none if that was broken off.
pub(crate) async fn settled(mut receiver: Receiver) -> Option<Arc<Settled>> {
    let settled = receiver.wait_for(Option::is_some).await.ok()?;
    settled.clone()
}
