//! A list that everybody asks for at once: one request answers all of them.
//!
//! A plan with a thousand hostnames reads a thousand times in a moment. The first
//! reader asks for the list, the others wait for it, and it serves later ones for half
//! a minute, until this process writes. Where the request fails, it fails for those who
//! waited for it, and the next reader asks anew; where the reader who asked has to stop,
//! one of the others asks in its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Lead;
use tokio::time::Instant;

use super::pace::SHORTEST;
use super::{Error, Scope};

/// How long a list serves.
const SERVES: Duration = Duration::from_secs(30);
/// How long it serves those who look for what this process has not written.
const SERVES_UNWRITTEN: Duration = Duration::from_secs(2);

/// How old a list may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Half a minute: for a refresh.
    Recent,
    /// A few seconds, whatever this process has written since: for what it has not written.
    Unwritten,
    /// Asked for after this moment: for somebody who waits for a change.
    After(Instant),
}

impl Fresh {
    /// As it is now.
    pub fn now() -> Self {
        Self::After(Instant::now())
    }

    /// As it is now, or was a moment ago, when others have asked who wait for the same.
    pub fn shared() -> Self {
        let now = Instant::now();
        Self::After(now.checked_sub(SHORTEST).unwrap_or(now))
    }
}

/// What was listed, and when it was asked for.
#[derive(Debug)]
pub struct AsOf<T> {
    /// The list.
    pub list: Arc<T>,
    /// The moment at which it was asked for: what happened later may be missing.
    pub at: Instant,
}

/// One list of a zone.
pub(super) struct SharedList<T> {
    /// Whoever holds it asks for the list.
    lead: Lead<()>,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// How many readers have come.
    readers: u64,
    last: Option<AsOf<T>>,
    /// Whether this process has written since.
    is_outdated: bool,
    /// The last failure, and how many readers had come by then: it is theirs as well.
    failure: Option<(u64, Error)>,
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self {
            lead: Lead::default(),
            state: Mutex::new(State {
                readers: 0,
                last: None,
                is_outdated: false,
                failure: None,
            }),
        }
    }
}

impl<T> Clone for AsOf<T> {
    fn clone(&self) -> Self {
        Self {
            list: Arc::clone(&self.list),
            at: self.at,
        }
    }
}

impl<T> SharedList<T> {
    /// The list, from `ask` unless somebody else has asked. Readers come with a share of
    /// the lock that writes take, so no list is under way while something is written.
    pub(super) async fn get(
        &self,
        scope: &Scope,
        fresh: Fresh,
        ask: impl Future<Output = Result<T, Error>>,
    ) -> Result<AsOf<T>, Error> {
        let reader = {
            let mut state = self.state();
            state.readers += 1;
            state.readers
        };
        if let Some(found) = self.found(fresh) {
            return Ok(found);
        }
        // Who asks has a deadline of its own, which the rate limit may put off.
        let _lead = scope.until_others(self.lead.lock()).await?;
        if let Some(found) = self.found(fresh) {
            return Ok(found);
        }
        if let Some(error) = self.failure_of(reader) {
            return Err(error);
        }
        let at = Instant::now();
        match ask.await {
            Ok(list) => {
                let list = Arc::new(list);
                let found = AsOf { list, at };
                let mut state = self.state();
                state.last = Some(found.clone());
                state.is_outdated = false;
                Ok(found)
            }
            Err(error) => {
                // That this reader is out of time is no failure of the others.
                if !error.is_of_one() {
                    let mut state = self.state();
                    state.failure = Some((state.readers, error.clone()));
                }
                Err(error)
            }
        }
    }

    /// What was listed is no longer true of what is written now.
    pub(super) fn forget(&self) {
        self.state().is_outdated = true;
    }

    fn found(&self, fresh: Fresh) -> Option<AsOf<T>> {
        let state = self.state();
        let last = state.last.as_ref()?;
        let serves = match fresh {
            Fresh::Unwritten => last.at.elapsed() < SERVES_UNWRITTEN,
            _ if state.is_outdated => false,
            Fresh::Recent => last.at.elapsed() < SERVES,
            Fresh::After(moment) => last.at >= moment,
        };
        serves.then(|| last.clone())
    }

    fn failure_of(&self, reader: u64) -> Option<Error> {
        let state = self.state();
        let (readers, error) = state.failure.as_ref()?;
        (reader <= *readers).then(|| error.clone())
    }

    /// A panic elsewhere does not make the list wrong.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
