//! The writer's thread: loops on tokio hand it work and wait for the answer.
//!
//! SQLite has one writer, and its calls block. One thread owns the [`Store`]; jobs run in the order they come, each in its own
//! transaction. The queue is short, so that whoever reads mail faster than it can be written has to wait.

use tokio::sync::{mpsc, oneshot};

use super::sqlite::{Store, StoreError, Tx};

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// Jobs that may wait.
const QUEUE: usize = 8;

/// Hands work to the writer's thread. Cheap to clone; the thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct StoreHandle(mpsc::Sender<Job>);

impl StoreHandle {
    /// Gives the store a thread of its own.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn spawn(mut store: Store) -> std::io::Result<Self> {
        let (sender, mut jobs) = mpsc::channel::<Job>(QUEUE);
        std::thread::Builder::new().name("store".into()).spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                job(&mut store);
            }
        })?;
        Ok(Self(sender))
    }

    /// Runs `work` with the whole store: for what consists of several transactions.
    ///
    /// # Errors
    /// What `work` returned; [`StoreError::Ended`] where it panicked or the thread is gone.
    pub async fn with<T, E>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            // A panic in one job must not take the writer from all others; its transaction is rolled back by unwinding.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(store)));
            if let Ok(result) = done {
                let _ = answer.send(result); // nobody waits any more: the result stands all the same
            }
        });
        self.0.send(job).await.map_err(|_| E::from(StoreError::Ended))?;
        answered.await.map_err(|_| E::from(StoreError::Ended))?
    }

    /// Runs `work` in one transaction.
    ///
    /// # Errors
    /// As [`StoreHandle::with`].
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.with(move |store| store.write(work)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_undone_and_the_next_one_runs() {
        let store = StoreHandle::spawn(Store::in_memory().unwrap()).unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let panicked: Result<(), StoreError> = store
            .write(move |tx| {
                tx.put_customer("ACME", now)?;
                panic!("as a defect would")
            })
            .await;
        assert!(matches!(panicked, Err(StoreError::Ended)));
        let customers: Vec<_> = store.write::<_, StoreError>(|tx| tx.customers()).await.unwrap();
        assert_eq!(customers, []);
    }
}
