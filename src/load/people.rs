//! Ids of people and their keys, for tens of millions of look-ups.
//!
//! The ids of a quarter of a million people do not fit into the fast caches: a look-up takes two
//! memory accesses and little else. So the people of many rows are looked up together, step by
//! step, and their memory accesses overlap.

use std::hash::Hasher;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use rustc_hash::FxHasher;

use crate::store::EventBatch;

/// The number of people looked up together.
const TOGETHER: usize = 64;

/// Bytes of an id for which there is room from the start.
const USUAL_ID: usize = 16;

/// Records begin at multiples of this.
const ALIGNMENT: usize = 8;
/// The bytes of the key and the length before each id.
const HEAD: usize = 8;

/// Ids and their keys, counted from 1.
#[derive(Debug)]
pub(super) struct People {
    /// Their number is a power of two; at most three quarters are in use.
    slots: Vec<Slot>,
    /// For each person the key, the length of the id, and the id.
    records: Vec<u8>,
    count: usize,
    last_key: u32,
}

/// A slot of the hash table.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Half of the hash, which rules out most other ids.
    tag: u32,
    /// The position of the record, in units of [`ALIGNMENT`]; 0 in an empty slot.
    record: u32,
}

/// People to look up, and the places that need their keys.
#[derive(Debug, Default)]
pub(super) struct AskedPeople {
    ids: Vec<u8>,
    asked: Vec<AskedId>,
}

#[derive(Debug, Clone, Copy)]
struct AskedId {
    hash: u64,
    /// The end of the id in `ids`; it begins where the previous one ends.
    end: usize,
    place: u32,
}

impl AskedPeople {
    /// Makes room for requests.
    pub(super) fn reserve(&mut self, people: usize) {
        self.ids.reserve(people * USUAL_ID);
        self.asked.reserve(people);
    }

    /// Requests a person for `place`.
    pub(super) fn push(&mut self, person: &str, place: u32) {
        self.ids.extend_from_slice(person.as_bytes());
        self.asked.push(AskedId { hash: hash(person.as_bytes()), end: self.ids.len(), place });
    }
}

/// People whom two threads know: one reads a file and sometimes asks who somebody is, the other gives
/// keys to the people of the rows that were read.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedPeople(Arc<RwLock<People>>);

impl SharedPeople {
    pub(super) fn of(people: People) -> Self {
        SharedPeople(Arc::new(RwLock::new(people)))
    }

    /// The key of a known person.
    pub(super) fn find(&self, person: &str) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(person)
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, People> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Assigns their keys to the events of a batch; new people are added to its names.
    pub(super) fn answer(&self, asked: &AskedPeople, batch: &mut EventBatch) {
        let EventBatch { names, events, .. } = batch;
        self.change().answer(asked, &mut names.people, |place, key| {
            events[place as usize].person = key;
        });
    }
}

impl Default for People {
    fn default() -> Self {
        // The record at 0 is unused, because 0 means an empty slot.
        People { slots: vec![Slot::default(); 64], records: vec![0; HEAD], count: 0, last_key: 0 }
    }
}

impl People {
    /// The key of a known person.
    pub(super) fn find(&self, person: &str) -> Option<u32> {
        let id = person.as_bytes();
        self.probe(hash(id), id).ok()
    }

    /// Adds a known person.
    pub(super) fn add(&mut self, key: u32, person: &str) {
        let id = person.as_bytes();
        let hash = hash(id);
        if let Err(place) = self.probe(hash, id) {
            self.insert(place, hash, id, key);
        }
        self.last_key = self.last_key.max(key);
    }

    /// Reserves the keys up to this one.
    pub(super) fn begin_after(&mut self, key: u32) {
        self.last_key = self.last_key.max(key);
    }

    /// Answers all requests: `tell` receives the place and the key. New people get keys and are
    /// added to `new`.
    pub(super) fn answer(
        &mut self,
        asked: &AskedPeople,
        new: &mut Vec<(u32, String)>,
        mut tell: impl FnMut(u32, u32),
    ) {
        let AskedPeople { ids, asked: list } = asked;
        let mut from = 0;
        for some in list.chunks(TOGETHER) {
            let mut slots = [Slot::default(); TOGETHER];
            for (slot, asked) in slots.iter_mut().zip(some) {
                *slot = self.slots[self.home(asked.hash)];
            }
            let mut heads = [(0, 0); TOGETHER];
            for (head, slot) in heads.iter_mut().zip(slots) {
                *head = self.head(slot.record);
            }
            for ((asked, slot), (key, length)) in some.iter().zip(slots).zip(heads) {
                let id = &ids[from..asked.end];
                from = asked.end;
                let is_it = slot.tag == tag(asked.hash)
                    && slot.record != 0
                    && length as usize == id.len()
                    && self.id(slot.record, id.len()) == id;
                tell(asked.place, if is_it { key } else { self.key(asked.hash, id, new) });
            }
        }
    }

    /// The key of a person; a new one gets a key and is added to `new`.
    pub(super) fn key_of(&mut self, person: &str, new: &mut Vec<(u32, String)>) -> u32 {
        self.key(hash(person.as_bytes()), person.as_bytes(), new)
    }

    /// The same, from the hash of the id.
    fn key(&mut self, hash: u64, id: &[u8], new: &mut Vec<(u32, String)>) -> u32 {
        match self.probe(hash, id) {
            Ok(key) => key,
            Err(place) => {
                self.last_key += 1;
                self.insert(place, hash, id, self.last_key);
                new.push((self.last_key, String::from_utf8_lossy(id).into_owned()));
                self.last_key
            }
        }
    }

    /// The key of an id, or the empty slot where it belongs.
    fn probe(&self, hash: u64, id: &[u8]) -> Result<u32, usize> {
        let mut place = self.home(hash);
        loop {
            let slot = self.slots[place];
            if slot.record == 0 {
                return Err(place);
            }
            if slot.tag == tag(hash) {
                let (key, length) = self.head(slot.record);
                if length as usize == id.len() && self.id(slot.record, id.len()) == id {
                    return Ok(key);
                }
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    fn insert(&mut self, place: usize, hash: u64, id: &[u8], key: u32) {
        let record = (self.records.len() / ALIGNMENT) as u32;
        self.records.extend_from_slice(&key.to_le_bytes());
        self.records.extend_from_slice(&(id.len() as u32).to_le_bytes());
        self.records.extend_from_slice(id);
        self.records.resize(self.records.len().next_multiple_of(ALIGNMENT), 0);
        self.slots[place] = Slot { tag: tag(hash), record };
        self.count += 1;
        if self.count * 4 > self.slots.len() * 3 {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let before = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in before.into_iter().filter(|slot| slot.record != 0) {
            let (_, length) = self.head(slot.record);
            let mut place = self.home(hash(self.id(slot.record, length as usize)));
            while self.slots[place].record != 0 {
                place = (place + 1) & (size - 1);
            }
            self.slots[place] = slot;
        }
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    /// The key and the length of a record.
    fn head(&self, record: u32) -> (u32, u32) {
        let from = record as usize * ALIGNMENT;
        let Some(head) = self.records[from..].first_chunk::<HEAD>() else { return (0, 0) };
        let [a, b, c, d, e, f, g, h] = *head;
        (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
    }

    fn id(&self, record: u32, length: usize) -> &[u8] {
        let from = record as usize * ALIGNMENT + HEAD;
        &self.records[from..from + length]
    }
}

fn hash(id: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id);
    hasher.finish()
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_keep_their_keys_however_many_there_are() {
        let mut people = People::default();
        people.add(7, "ann");
        people.add(3, "bob");
        let (mut new, mut told) = (Vec::new(), Vec::new());
        let mut answer = |people: &mut People, ids: &[&str]| {
            let mut asked = AskedPeople::default();
            ids.iter().zip(0..).for_each(|(id, place)| asked.push(id, place));
            told.clear();
            people.answer(&asked, &mut new, |place, key| told.push((place, key)));
            (told.clone(), new.clone())
        };
        let (told, new) = answer(&mut people, &["ann", "cy", "bob", "cy", ""]);
        assert_eq!(told, [(0, 7), (1, 8), (2, 3), (3, 8), (4, 9)]);
        assert_eq!(new, [(8, "cy".to_owned()), (9, String::new())]);
        let ids: Vec<String> = (0..1000).map(|number| format!("p{}", number % 400)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let expected = |place: u32| (place, 10 + place % 400);
        assert_eq!(answer(&mut people, &ids).0, (0..1000).map(expected).collect::<Vec<_>>());
        assert_eq!((people.find("p399"), people.find("p400")), (Some(409), None));
    }
}
