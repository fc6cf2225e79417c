//! Reads AIGER 1.9, text and binary, and executes it, 64 choices of inputs at a time.

use std::collections::HashMap;

/// A graph as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Aiger {
    pub inputs: usize,
    /// Next value, and value at the start.
    pub latches: Vec<(u32, bool)>,
    pub bad: Vec<u32>,
    /// In the order of their numbers, which follow those of inputs and latches.
    pub gates: Vec<(u32, u32)>,
    pub symbols: HashMap<String, String>,
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn line(&mut self) -> String {
        let end = self.bytes.iter().position(|&byte| byte == b'\n').expect("the end of a line");
        let line = String::from_utf8(self.bytes[..end].to_vec()).expect("text");
        self.bytes = &self.bytes[end + 1..];
        line
    }

    fn numbers(&mut self) -> Vec<u32> {
        self.line().split(' ').map(|number| number.parse().expect("a number")).collect()
    }

    fn difference(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.bytes[0];
            self.bytes = &self.bytes[1..];
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
}

impl Aiger {
    pub fn read(bytes: &[u8]) -> Aiger {
        let mut reader = Reader { bytes };
        let header = reader.line();
        let (format, counts) = header.split_once(' ').expect("a format");
        let counts: Vec<usize> = counts.split(' ').map(|count| count.parse().expect("a count")).collect();
        let [most, inputs, latches, outputs, gates, bad] = counts[..] else { panic!("{header}") };
        assert_eq!((most, outputs), (inputs + latches + gates, 0));
        let is_text = format == "aag";
        assert!(is_text || format == "aig");
        if is_text {
            (0..inputs).for_each(|number| assert_eq!(reader.numbers(), [2 * (number as u32 + 1)]));
        }
        let latch = |number: usize, reader: &mut Reader<'_>| {
            let mut numbers = reader.numbers();
            if is_text {
                assert_eq!(numbers.remove(0), 2 * (inputs + number + 1) as u32);
            }
            (numbers[0], numbers.get(1) == Some(&1))
        };
        let latches: Vec<(u32, bool)> = (0..latches).map(|number| latch(number, &mut reader)).collect();
        let bad = (0..bad).map(|_| reader.numbers()[0]).collect();
        let gate = |number: usize, reader: &mut Reader<'_>| {
            let own = 2 * (inputs + latches.len() + number + 1) as u32;
            let (high, low) = match is_text {
                true => {
                    let numbers = reader.numbers();
                    assert_eq!(numbers[0], own);
                    (numbers[1], numbers[2])
                }
                false => {
                    let high = own - reader.difference();
                    (high, high - reader.difference())
                }
            };
            assert!(own > high && high >= low, "{own} {high} {low}");
            (high, low)
        };
        let gates = (0..gates).map(|number| gate(number, &mut reader)).collect();
        let mut symbols = HashMap::new();
        while !reader.bytes.is_empty() {
            let line = reader.line();
            if line == "c" {
                break;
            }
            let (position, name) = line.split_once(' ').expect("a symbol");
            symbols.insert(position.to_owned(), name.to_owned());
        }
        Aiger { inputs, latches, bad, gates, symbols }
    }

    pub fn start(&self) -> u128 {
        assert!(self.latches.len() <= 128);
        self.latches.iter().enumerate().map(|(position, &(_, initial))| u128::from(initial) << position).sum()
    }

    /// The position of an input or (`l`) a latch by its name.
    pub fn position(&self, kind: char, name: &str) -> Option<usize> {
        let named = self.symbols.iter().find(|(place, own)| place.starts_with(kind) && *own == name);
        named.map(|(place, _)| place[1..].parse().expect("a position"))
    }

    /// One step under 64 choices of inputs: what is bad before it, and the states after it.
    pub fn step(&self, state: u128, inputs: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let mut values = vec![0u64];
        values.extend_from_slice(inputs);
        values.extend((0..self.latches.len()).map(|position| if state >> position & 1 == 1 { u64::MAX } else { 0 }));
        for &(a, b) in &self.gates {
            values.push(of(&values, a) & of(&values, b));
        }
        let bad = self.bad.iter().map(|&bad| of(&values, bad)).collect();
        (bad, self.latches.iter().map(|&(next, _)| of(&values, next)).collect())
    }
}

fn of(values: &[u64], literal: u32) -> u64 {
    let value = values[literal as usize / 2];
    if literal & 1 == 1 { !value } else { value }
}

/// The state of one of 64 choices.
pub fn lane(latches: &[u64], lane: usize) -> u128 {
    latches.iter().enumerate().map(|(position, values)| u128::from(values >> lane & 1) << position).sum()
}
