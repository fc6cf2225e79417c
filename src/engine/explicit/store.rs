//! Exact sets of packed states: records of fixed width in one arena, found through a table of their positions.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::system::StateVar;
use crate::term::Range;

const EMPTY: u32 = u32::MAX;
const SMALLEST: usize = 256;

/// Where a state variable's value stands in a record.
#[derive(Clone, Copy, Debug)]
struct Field {
    offset: u32,
    bytes: u8,
    range: Range,
}

/// How states are packed: every variable takes the bytes that its range needs.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    fields: Vec<Field>,
    width: usize,
}

impl Layout {
    /// The layout of a state vector.
    pub fn new(variables: &[StateVar]) -> Self {
        let mut width = 0;
        let mut field = |variable: &StateVar| {
            let bytes = bytes_for(variable.range);
            width += bytes as usize;
            Field { offset: width as u32 - bytes as u32, bytes, range: variable.range }
        };
        let fields = variables.iter().map(&mut field).collect();
        Layout { fields, width }
    }

    /// Bytes of a packed state.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes one value; `false` if it does not lie in the variable's range.
    pub fn set(&self, packed: &mut [u8], variable: usize, value: i64) -> bool {
        let Field { offset, bytes, range } = self.fields[variable];
        let raw = value.wrapping_sub(range.lo) as u64;
        let at = offset as usize;
        match bytes {
            0 => {}
            1 => packed[at] = raw as u8,
            2 => packed[at..at + 2].copy_from_slice(&(raw as u16).to_le_bytes()),
            4 => packed[at..at + 4].copy_from_slice(&(raw as u32).to_le_bytes()),
            _ => packed[at..at + 8].copy_from_slice(&raw.to_le_bytes()),
        }
        range.contains(value)
    }

    /// Reads all values into the first slots.
    pub fn unpack(&self, packed: &[u8], slots: &mut [i64]) {
        for (slot, field) in slots.iter_mut().zip(&self.fields) {
            *slot = field.read(packed);
        }
    }

    /// All values.
    pub fn values(&self, packed: &[u8]) -> Vec<i64> {
        self.fields.iter().map(|field| field.read(packed)).collect()
    }

    /// Packs a state; `None` if a value does not lie in its range.
    pub fn pack(&self, values: &[i64]) -> Option<Vec<u8>> {
        let mut packed = vec![0; self.width];
        let mut fits = (0..self.fields.len()).map(|variable| self.set(&mut packed, variable, values[variable]));
        fits.all(|fits| fits).then_some(packed)
    }
}

impl Field {
    fn read(&self, packed: &[u8]) -> i64 {
        let at = self.offset as usize;
        let raw = match self.bytes {
            0 => 0,
            1 => packed[at] as u64,
            2 => u16::from_le_bytes(array(&packed[at..])) as u64,
            4 => u32::from_le_bytes(array(&packed[at..])) as u64,
            _ => u64::from_le_bytes(array(&packed[at..])),
        };
        self.range.lo.wrapping_add(raw as i64)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| bytes[index])
}

fn bytes_for(range: Range) -> u8 {
    match range.hi.abs_diff(range.lo) {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

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

    fn variable(lo: i64, hi: i64) -> StateVar {
        let mut arena = crate::term::Arena::default();
        let range = Range::new(lo, hi);
        let var = arena.new_variable("x", crate::term::Sort::Int(range));
        StateVar { var, name: "x".into(), range, initial: None }
    }

    #[test]
    fn packing_is_exact_and_as_small_as_ranges_allow() {
        let ranges = [(0, 1), (5, 5), (-3, 300), (i64::MIN, i64::MAX), (-1, 70_000)];
        let variables: Vec<StateVar> = ranges.iter().map(|&(lo, hi)| variable(lo, hi)).collect();
        let layout = Layout::new(&variables);
        assert_eq!(layout.width(), 1 + 2 + 8 + 4);
        for values in [[0, 5, -3, i64::MIN, -1], [1, 5, 300, i64::MAX, 70_000], [1, 5, 0, -7, 65_536]] {
            let packed = layout.pack(&values).expect("within ranges");
            assert_eq!(layout.values(&packed), values);
        }
        assert_eq!(layout.pack(&[2, 5, 0, 0, 0]), None);
    }

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
