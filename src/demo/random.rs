//! Numbers that look random and are the same at every start: splitmix64.

/// A stream of numbers.
pub(super) struct Random(u64);

impl Random {
    /// The stream of one purpose and one student.
    pub fn new(purpose: u64, student: u32) -> Self {
        let mut random = Self(purpose ^ (u64::from(student) << 32));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// An index, drawn by weight.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut lot = self.below(weights.iter().sum());
        for (i, weight) in weights.iter().enumerate() {
            match lot.checked_sub(*weight) {
                Some(rest) => lot = rest,
                None => return i,
            }
        }
        0
    }

    /// Shuffles (Fisher-Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        // First outputs for the seed 1234567, from the algorithm's reference implementation.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }
}
