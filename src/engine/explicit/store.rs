//! Exact sets of packed states: records of fixed width in one arena, found through a table of their positions.

use std::hash::Hasher;

use rustc_hash::FxHasher;

const EMPTY: u32 = u32::MAX;
const SMALLEST: usize = 256;

/// A cell of the table: a record's position and a part of its hash, which spares most looks at the record itself.
#[derive(Clone, Copy)]
struct Cell {
    index: u32,
    print: u32,
}

const VACANT: Cell = Cell { index: EMPTY, print: 0 };

/// A set of records; each has an index, counted from 0 in the order of insertion.
pub(super) struct Store {
    width: usize,
    records: Vec<u8>,
    len: u32,
    table: Vec<Cell>,
}

impl Store {
    /// An empty set of records of that width.
    pub fn new(width: usize) -> Self {
        Store { width, records: Vec::new(), len: 0, table: vec![VACANT; SMALLEST] }
    }

    /// Number of records.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether no index is left for another record.
    pub fn is_full(&self) -> bool {
        self.len >= EMPTY - 1
    }

    /// One record.
    pub fn get(&self, index: u32) -> &[u8] {
        let start = index as usize * self.width;
        &self.records[start..start + self.width]
    }

    /// The index of a record.
    pub fn find(&self, record: &[u8]) -> Option<u32> {
        let cell = self.table[self.probe(record, hash(record))];
        (cell.index != EMPTY).then_some(cell.index)
    }

    /// The index of a record, and whether it is new.
    pub fn insert(&mut self, record: &[u8]) -> (u32, bool) {
        assert_eq!(record.len(), self.width, "records have a fixed width");
        let hash = hash(record);
        let position = self.probe(record, hash);
        let known = self.table[position].index;
        if known != EMPTY {
            return (known, false);
        }
        let index = self.len;
        self.table[position] = Cell { index, print: print(hash) };
        self.records.extend_from_slice(record);
        self.len += 1;
        if self.len as usize * 3 > self.table.len() * 2 {
            self.grow();
        }
        (index, true)
    }

    /// Forgets all records and keeps the space, unless there is far too much of it.
    pub fn clear(&mut self) {
        if self.table.len() > SMALLEST && self.table.len() > self.len as usize * 16 {
            self.table = vec![VACANT; SMALLEST];
        } else {
            self.table.fill(VACANT);
        }
        self.records.clear();
        self.len = 0;
    }

    /// The cell that holds a record, or the one where it belongs.
    fn probe(&self, record: &[u8], hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut position = hash as usize & mask;
        loop {
            let cell = self.table[position];
            if cell.index == EMPTY || (cell.print == print(hash) && self.get(cell.index) == record) {
                return position;
            }
            position = (position + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        let mut table = vec![VACANT; mask + 1];
        for index in 0..self.len {
            let hash = hash(self.get(index));
            let mut position = hash as usize & mask;
            while table[position].index != EMPTY {
                position = (position + 1) & mask;
            }
            table[position] = Cell { index, print: print(hash) };
        }
        self.table = table;
    }
}

fn hash(record: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(record);
    let hash = hasher.finish();
    hash ^ (hash >> 32)
}

/// The part of a hash that a cell keeps.
fn print(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_keeps_every_record_once() {
        let mut store = Store::new(4);
        for round in 0..2 {
            for number in 0..10_000_u32 {
                assert_eq!(store.insert(&number.to_le_bytes()), (number, round == 0));
            }
        }
        assert_eq!(store.find(&77_u32.to_le_bytes()), Some(77));
        assert_eq!(store.find(&10_000_u32.to_le_bytes()), None);
        store.clear();
        assert_eq!((store.len(), store.find(&77_u32.to_le_bytes())), (0, None));
    }

    #[test]
    fn states_without_information_are_one_state() {
        let mut store = Store::new(0);
        assert_eq!(store.insert(&[]), (0, true));
        assert_eq!(store.insert(&[]), (0, false));
    }
}
