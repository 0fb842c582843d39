//! Writes the examples of every target into `fuzz/corpus/`, where libFuzzer begins.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in fuzz::TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder)?;
        for (index, example) in (target.examples)().iter().enumerate() {
            fs::write(folder.join(format!("example-{index}")), example)?;
        }
    }
    Ok(())
}
