//! Simulated power cuts: the journal lies on an ext4 image behind a loop device; while the writer
//! is stopped the image is copied as the device has it, and the copy is mounted and opened.
//! What the kernel had not written yet is missing from the copy, as after a power cut.
//! `SLUIS_SEED=…` repeats the moments of a run. Soak, six cuts an image and so many images of either
//! kind: `SLUIS_CUT_IMAGES=10 cargo test --release --workspace --locked --test it powercut`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::journal_child::{Acked, Orders, check_at, scatter, spawn};
use crate::support::skipped;

const IMAGE_MIB: u64 = 512;
const CUTS_PER_IMAGE: u64 = 6;

/// Runs a program; whether it ended well.
pub fn run(program: &str, arguments: &[&str]) -> bool {
    let command = Command::new(program).args(arguments).stdout(Stdio::null()).output();
    command.is_ok_and(|output| output.status.success())
}

/// Something mounted, for as long as this lives.
pub struct Mount(PathBuf);

impl Mount {
    pub fn image(image: &Path, at: &Path) -> Option<Self> {
        Self::new(&["-o", "loop", image.to_str()?], at)
    }

    pub fn tmpfs(size: &str, at: &Path) -> Option<Self> {
        Self::new(&["-t", "tmpfs", "-o", &format!("size={size}"), "none"], at)
    }

    fn new(arguments: &[&str], at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let at = at.to_str()?;
        run("mount", &[arguments, &[at]].concat()).then(|| Self(PathBuf::from(at)))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let at = self.0.to_string_lossy().into_owned();
        for _ in 0..20 {
            if run("umount", &[&at]) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        run("umount", &["-l", &at]);
    }
}

/// A child that ends when this goes.
pub struct Running(pub Child);

impl Running {
    fn signal(&self, name: &str) {
        assert!(run("kill", &[name, &self.0.id().to_string()]));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where images are fast.
fn scratch() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap()
}

pub fn seed() -> u64 {
    let given = std::env::var("SLUIS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| sluis::clock::wall().0);
    println!("SLUIS_SEED={seed} repeats the moments of this run");
    seed
}

#[derive(Debug, Default)]
struct Tally {
    cuts: u64,
    after_a_snapshot: u64,
    acked: u64,
    bad: Vec<String>,
}

/// Makes a file system in a new file.
fn make_image(image: &Path, mib: u64) -> bool {
    std::fs::File::create(image).unwrap().set_len(mib << 20).unwrap();
    run("mkfs.ext4", &["-q", "-F", image.to_str().unwrap()])
}

/// Whether an image can be made and mounted here; else the test that asks is noted as skipped.
/// Asked once: what fails afterwards is no reason to skip anything.
fn can_mount_images(test: &str) -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| {
        let scratch = scratch();
        let image = scratch.path().join("image");
        make_image(&image, 8) && Mount::image(&image, &scratch.path().join("mounted")).is_some()
    });
    if !can {
        skipped(test, "root, a loop device and mkfs.ext4");
    }
    can
}

/// The same of a small tmpfs.
pub fn can_mount_tmpfs(test: &str) -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| Mount::tmpfs("1m", &scratch().path().join("mounted")).is_some());
    if !can {
        skipped(test, "root, to mount a small tmpfs");
    }
    can
}

/// Cuts one writer's power several times.
fn cut_image(orders: Orders, seed: u64, tally: &mut Tally) {
    let scratch = scratch();
    let at = |name: &str| scratch.path().join(name);
    let (image, copy, acked) = (at("image"), at("copy"), at("acked"));
    assert!(make_image(&image, IMAGE_MIB), "mkfs.ext4 failed");
    let mount = Mount::image(&image, &at("mounted")).expect("it mounts");
    let child = Running(spawn(orders, &mount.path().join("data"), &acked));
    for cut in 0..CUTS_PER_IMAGE {
        // The first cut waits until there is something to lose.
        while cut == 0 && Acked::read(&acked).records == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(20 + scatter(seed + cut) % 200));
        child.signal("-STOP");
        std::thread::sleep(Duration::from_millis(5));
        let told = Acked::read(&acked);
        let copied = [&image, &copy].map(|path| path.to_str().unwrap());
        assert!(run("cp", &["--sparse=always", copied[0], copied[1]]));
        child.signal("-CONT");
        tally.cuts += 1;
        tally.acked += told.records;
        tally.after_a_snapshot += u64::from(told.snapshot > 0);
        let Some(cut) = Mount::image(&copy, &at("cut")) else {
            tally.bad.push("the copy does not mount".to_owned());
            continue;
        };
        if let Err(what) = check_at(&cut.path().join("data"), told) {
            tally.bad.push(what);
        }
    }
}

fn cut(orders: Orders, images: u64) -> Tally {
    let (seed, mut tally) = (seed(), Tally::default());
    for image in 0..images {
        cut_image(orders, scatter(seed + image), &mut tally);
    }
    println!("{orders:?}: {tally:?}");
    tally
}

/// How often, unless the environment asks for more: for a soak.
pub fn count(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Images per kind.
fn images(default: u64) -> u64 {
    count("SLUIS_CUT_IMAGES", default)
}

#[test]
fn every_acknowledged_record_survives_a_power_cut() {
    if !can_mount_images("every_acknowledged_record_survives_a_power_cut") {
        return;
    }
    let plain = cut(Orders::Append, images(2));
    let snapshots = cut(Orders::AppendAndSnapshot, images(3));
    assert!(plain.cuts + snapshots.cuts >= 20 && plain.acked > 0);
    assert!(snapshots.after_a_snapshot >= 5, "too few cuts once snapshots were being made");
    assert_eq!(plain.bad, [] as [String; 0]);
    assert_eq!(snapshots.bad, [] as [String; 0]);
}

#[test]
fn without_the_fdatasync_a_power_cut_loses_acknowledged_records() {
    if !can_mount_images("without_the_fdatasync_a_power_cut_loses_acknowledged_records") {
        return;
    }
    for _ in 0..5 {
        let tally = cut(Orders::AppendWithoutSync, 1);
        if !tally.bad.is_empty() {
            return;
        }
    }
    panic!("the power-cut test does not bite: the control lost nothing");
}
