//! Parallel deliveries, so that a hanging server delays nobody else, and none forever.
//!
//! A library that talks to a server has a timeout for each step, but none for all of them together
//! or for looking up a name. So each delivery has a deadline of its own, and one that misses it is
//! abandoned.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use anyhow::Result;

use super::SendError;
use crate::clock::{Clock, Stopwatch};
use crate::error::no_thread;
use crate::store::SendingLimits;

const AT_ONCE: usize = 8;

/// How often deadlines are checked.
const TICK: Duration = Duration::from_millis(50);

type Deliver<T> = dyn Fn(&T) -> Result<(), SendError> + Send + Sync;

/// What the threads share.
struct Work<T> {
    parcels: Mutex<VecDeque<(i64, T)>>,
    deliver: Box<Deliver<T>>,
}

impl<T> Work<T> {
    fn next(&self) -> Option<(i64, T)> {
        // Nothing panics while it holds the queue.
        self.parcels.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn give_up(&self) -> usize {
        let mut parcels = self.parcels.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *parcels).len()
    }
}

enum WorkerReport {
    Began(i64),
    Ended(i64, Result<(), SendError>),
}

/// Delivers all parcels, each identified by a number, and passes each result to `note` as soon as
/// it is known. Parcels that were not started when the total time is up are left out: their result
/// is unknown.
///
/// A delivery that returns after its deadline is reported again if it succeeded after all.
pub(super) fn deliver<T: Send + Sync + 'static>(
    parcels: Vec<(i64, T)>,
    deliver: impl Fn(&T) -> Result<(), SendError> + Send + Sync + 'static,
    limits: SendingLimits,
    clock: &Clock,
    mut note: impl FnMut(i64, Result<(), SendError>) -> Result<()>,
) -> Result<()> {
    let mut open = parcels.len();
    let workers = open.min(AT_ONCE);
    let work = Arc::new(Work { parcels: Mutex::new(parcels.into()), deliver: Box::new(deliver) });
    let (sender, reports) = channel();
    for worker in 0..workers {
        match start(&work, &sender) {
            Ok(()) => {}
            Err(error) if worker == 0 => return Err(no_thread(&error).into()),
            // Fewer threads do the same work.
            Err(_) => break,
        }
    }
    let since_start = clock.stopwatch();
    let mut running: HashMap<i64, Stopwatch> = HashMap::new();
    let mut given_up: HashSet<i64> = HashSet::new();
    while open > 0 {
        match reports.recv_timeout(TICK).ok() {
            Some(WorkerReport::Began(id)) => {
                running.insert(id, clock.stopwatch());
            }
            Some(WorkerReport::Ended(id, result)) => {
                running.remove(&id);
                let is_late = given_up.contains(&id);
                if !is_late || result.is_ok() {
                    note(id, result)?;
                }
                open -= usize::from(!is_late);
            }
            None => {}
        }
        let is_overdue = |watch: &Stopwatch| watch.elapsed() > limits.message;
        let overdue: Vec<i64> =
            running.iter().filter(|(_, watch)| is_overdue(watch)).map(|(id, _)| *id).collect();
        for id in overdue {
            running.remove(&id);
            given_up.insert(id);
            open -= 1;
            note(id, Err(SendError::new(format!("not done within {:?}", limits.message))))?;
            // The thread that waits for it is lost.
            let _ = start(&work, &sender);
        }
        if since_start.elapsed() > limits.all {
            open -= work.give_up();
        }
    }
    Ok(())
}

fn start<T: Send + Sync + 'static>(
    work: &Arc<Work<T>>,
    reports: &Sender<WorkerReport>,
) -> io::Result<()> {
    let (work, reports) = (Arc::clone(work), reports.clone());
    let worker = move || {
        while let Some((id, parcel)) = work.next() {
            // The receiver is gone when everything is done; then there is nothing left to do.
            if reports.send(WorkerReport::Began(id)).is_err()
                || reports.send(WorkerReport::Ended(id, (work.deliver)(&parcel))).is_err()
            {
                return;
            }
        }
    };
    thread::Builder::new().spawn(worker).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SendingLimits = SendingLimits {
        step: Duration::from_millis(100),
        message: Duration::from_millis(300),
        all: Duration::from_millis(900),
    };

    /// Delivers parcels that take this many milliseconds each, and fail if the number is odd.
    fn outcomes(parcels: &[u64], limits: SendingLimits) -> Vec<(i64, Option<String>)> {
        let parcels = parcels.iter().enumerate().map(|(id, takes)| (id as i64, *takes)).collect();
        let work = |takes: &u64| {
            thread::sleep(Duration::from_millis(*takes));
            if takes % 2 == 1 { Err(SendError::new("odd")) } else { Ok(()) }
        };
        let mut noted = Vec::new();
        deliver(parcels, work, limits, &Clock::of_the_machine(), |id, result| {
            noted.push((id, result.err().map(|trouble| trouble.text)));
            Ok(())
        })
        .unwrap();
        noted.sort();
        noted
    }

    #[test]
    fn each_outcome_is_noted_once() {
        assert_eq!(outcomes(&[], LIMITS), []);
        let noted = outcomes(&[0, 1, 0], LIMITS);
        assert_eq!(noted, [(0, None), (1, Some("odd".to_owned())), (2, None)]);
    }

    #[test]
    fn those_that_hang_hold_up_nobody() {
        let mut parcels = vec![60_000; AT_ONCE];
        parcels.extend([0; 20]);
        let noted = outcomes(&parcels, LIMITS);
        let late = Some("not done within 300ms".to_owned());
        assert_eq!(noted.iter().filter(|(_, error)| *error == late).count(), AT_ONCE);
        assert_eq!(noted.iter().filter(|(_, error)| error.is_none()).count(), 20);
    }

    #[test]
    fn when_time_is_up_nothing_more_is_begun() {
        let watch = Clock::of_the_machine().stopwatch();
        let noted = outcomes(&vec![60_000; 1000], LIMITS);
        assert!(noted.len() >= AT_ONCE && noted.len() < 100, "{}", noted.len());
        assert!(watch.elapsed() < Duration::from_secs(10));
    }
}
