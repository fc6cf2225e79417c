//! Packed states: every variable takes the bytes that its range needs.

use crate::system::model::StateVar;
use crate::term::Range;

/// Where a state variable's value stands in a record.
#[derive(Clone, Copy, Debug)]
struct Field {
    offset: u32,
    bytes: u8,
    range: Range,
}

/// How states are packed: every variable takes the bytes that its range needs.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
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

    /// What was added to each value between two packed states.
    pub fn differences<'l>(&'l self, before: &'l [u8], after: &'l [u8]) -> impl Iterator<Item = i64> + 'l {
        self.fields.iter().map(|field| field.read(after).wrapping_sub(field.read(before)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(lo: i64, hi: i64) -> StateVar {
        let mut arena = crate::term::Arena::default();
        let range = Range::new(lo, hi);
        let var = arena.new_variable("x", crate::term::Sort::Int(range));
        StateVar { var, name: "x".into(), range, initial: None, counted: false }
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
}
