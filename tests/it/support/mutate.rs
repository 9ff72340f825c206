//! Inputs nobody would write: sound ones with something wrong in them, from a seed. The changes know
//! words, numbers, lines and brackets, so that much of it gets past the first look.

/// A stream of numbers from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let end = start + self.below((length - start).min(most) + 1);
        start..end
    }
}

/// What is put in place of a number, a word, or somewhere between.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "1e308",
    "1e999",
    "0.1",
];
const WORDS: [&str; 16] = [
    "\"\"",
    "null",
    "true",
    "nan",
    "inf",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"é€𝄞\"",
    "[]",
    "{}",
    "\u{feff}",
    "\r\n",
    ",,,,",
    "=",
    "[[",
    "2027-02-30",
];

/// One input: a sound one with one to six changes.
pub fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        change(&mut bytes, corpus, random);
    }
    bytes.truncate(256 * 1024);
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let length = bytes.len();
    match random.below(14) {
        0 if length > 0 => {
            let at = random.below(length);
            bytes[at] ^= 1 << random.below(8);
        }
        1 if length > 0 => {
            let at = random.below(length);
            bytes[at] = [0, 0x7f, 0x80, 0xff, b'"', b'\n', b',', b'9'][random.below(8)];
        }
        2 => bytes.insert(random.below(length + 1), random.next() as u8),
        3 => {
            bytes.drain(random.range(length, 64));
        }
        4 => {
            let piece = bytes[random.range(length, 128)].to_vec();
            let at = random.below(length + 1);
            bytes.splice(at..at, piece);
        }
        5 => bytes.truncate(random.below(length + 1)),
        6 => {
            let other = &corpus[random.below(corpus.len())];
            let piece = other[random.range(other.len(), 256)].to_vec();
            bytes.splice(random.range(length, 64), piece);
        }
        7 | 8 => swap_number(bytes, random),
        9 | 10 => swap_word(bytes, random),
        11 => {
            let word = WORDS[random.below(WORDS.len())];
            let at = random.below(length + 1);
            bytes.splice(at..at, word.bytes());
        }
        12 => swap_lines(bytes, random),
        // Deep, or long.
        13 if random.below(20) == 0 => {
            const ONES: [&[u8]; 6] = [b"[", b"{\"a\":", b"x", b"\"", b"1", b"[a."];
            let more = ONES[random.below(ONES.len())].repeat(random.below(5_000));
            let at = random.below(length + 1);
            bytes.splice(at..at, more);
        }
        _ => {}
    }
}

/// The runs of bytes of a kind.
fn runs(bytes: &[u8], of: impl Fn(&u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut start) = (Vec::new(), None);
    for (at, byte) in bytes.iter().chain([&b' ']).enumerate() {
        match (of(byte), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found.retain(|run| run.end <= bytes.len());
    found
}

fn swap_number(bytes: &mut Vec<u8>, random: &mut Random) {
    let numbers = runs(bytes, u8::is_ascii_digit);
    if !numbers.is_empty() {
        let number = numbers[random.below(numbers.len())].clone();
        bytes.splice(number, NUMBERS[random.below(NUMBERS.len())].bytes());
    }
}

fn swap_word(bytes: &mut Vec<u8>, random: &mut Random) {
    let words = runs(bytes, |byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if words.is_empty() {
        return;
    }
    let (from, to) = (random.below(words.len()), random.below(words.len()));
    // A word that stands elsewhere, or one that means something.
    let new = match random.below(3) {
        0 => WORDS[random.below(WORDS.len())].as_bytes().to_vec(),
        _ => bytes[words[to].clone()].to_vec(),
    };
    bytes.splice(words[from].clone(), new);
}

fn swap_lines(bytes: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let (a, b) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(3) {
        0 => lines.swap(a, b),
        1 => lines.insert(a, lines[b].clone()),
        _ => {
            lines.remove(a);
        }
    }
    *bytes = lines.join(&b'\n');
}

/// How many inputs each target gets: 100,000 unless `SLUIS_FUZZ` says otherwise.
pub fn inputs() -> u64 {
    let asked = std::env::var("SLUIS_FUZZ").ok();
    asked.map_or(100_000, |n| n.replace('_', "").parse().expect("SLUIS_FUZZ is a number"))
}

/// Gives the target so many inputs, on as many threads as there are cores. What makes it panic is
/// printed, with the number that makes it again: `SLUIS_FUZZ_ONLY=n` gives that one alone.
pub fn fuzz(what: &str, inputs: u64, corpus: &[Vec<u8>], target: impl Fn(&[u8]) + Sync) {
    assert!(!corpus.is_empty(), "{what}: no corpus");
    for sound in corpus {
        target(sound);
    }
    let only = std::env::var("SLUIS_FUZZ_ONLY").ok().map(|n| n.parse::<u64>().expect("a number"));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let target = &target;
            scope.spawn(move || {
                let numbers = (thread..inputs).step_by(threads as usize);
                for number in numbers.filter(|n| only.is_none_or(|only| only == *n)) {
                    let bytes = mutated(corpus, &mut Random::new(number));
                    let run = std::panic::AssertUnwindSafe(|| target(&bytes));
                    if std::panic::catch_unwind(run).is_err() {
                        let text = String::from_utf8_lossy(&bytes);
                        panic!(
                            "{what}: SLUIS_FUZZ_ONLY={number} makes it panic: {text:?} {bytes:?}"
                        );
                    }
                }
            });
        }
    });
    eprintln!("{what}: {inputs} inputs");
}

/// The files of a directory under `tests/fixtures/corpus`.
pub fn corpus(name: &str) -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root =
        root.ancestors().find(|dir| dir.join("tests/fixtures").is_dir()).expect("the repository");
    let mut files: Vec<_> = std::fs::read_dir(root.join("tests/fixtures/corpus").join(name))
        .unwrap_or_else(|e| panic!("{name}: {e}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}
