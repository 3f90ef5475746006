//! A thread of its own for connections: a server that talks without end keeps whoever
//! reads from it busy, and must not keep the provider from hearing an interruption.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

/// The thread. It ends when this is dropped.
pub(super) struct Network {
    runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl Network {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("network".to_owned())
            // That the other side is gone is what it waits for.
            .spawn(move || runtime.block_on(ended).ok())?;
        Ok(Self {
            runtime: handle,
            _end: end,
        })
    }

    /// Does something there, for as long as somebody waits for it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> AbortOnDropHandle<T> {
        AbortOnDropHandle::new(self.runtime.spawn(work))
    }
}
